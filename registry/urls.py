"""Addresses of what should run."""

from django.urls import path

from registry.views import adding, importing

urlpatterns = [
    path("add/", adding.service_add, name="service_add"),
    path("import/", importing.service_import, name="service_import"),
    path("services/<str:name>/remove/", adding.service_remove, name="service_remove"),
]
