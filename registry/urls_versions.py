"""Addresses of the mcp.json: what was exported, and what was done to it by hand."""

from django.urls import path

from registry.views import versions

urlpatterns = [
    path("", versions.version_list, name="version_list"),
    path("compare/", versions.version_compare, name="version_compare"),
    path("<int:number>/mcp.json", versions.version_download, name="version_download"),
    path("<int:number>/rollback/", versions.version_rollback, name="version_rollback"),
]
