"""Addresses of what runs."""

from django.urls import path
from django.views.generic import RedirectView

from lifecycle.views import service, services

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="service_list", query_string=False), name="home"),
    path("services/", services.service_list, name="service_list"),
    path("services/<str:name>/", service.service_detail, name="service_detail"),
    path("services/<str:name>/ask/<str:kind>/", service.service_action, name="service_action"),
    path("services/<str:name>/tools/", service.service_tools, name="service_tools"),
    path("services/<str:name>/tools/call/", service.tool_call, name="tool_call"),
    path("services/<str:name>/calls/<int:command_id>/", service.tool_outcome, name="tool_outcome"),
    path("services/<str:name>/events/", service.service_events, name="service_events"),
    path("services/<str:name>/commands/<int:command_id>/", service.command_state, name="command_state"),
]
