"""Addresses of the mcp.json: what was exported, and what was done to it by hand."""

from django.urls import path

from registry.views import carrying, drift, versions

urlpatterns = [
    path("", versions.version_list, name="version_list"),
    path("compare/", versions.version_compare, name="version_compare"),
    path("export/", carrying.version_export, name="version_export"),
    path("drift/", drift.version_drift, name="version_drift"),
    path("drift/take/", drift.version_take, name="version_take"),
    path("drift/write/", drift.version_write, name="version_write"),
    path("<int:number>/mcp.json", versions.version_download, name="version_download"),
    path("<int:number>/rollback/", versions.version_rollback, name="version_rollback"),
]
