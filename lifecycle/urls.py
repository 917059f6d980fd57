"""Addresses of what runs."""

from django.urls import path
from django.views.generic import RedirectView

from lifecycle.views import services

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="service_list", query_string=False), name="home"),
    path("services/", services.service_list, name="service_list"),
]
