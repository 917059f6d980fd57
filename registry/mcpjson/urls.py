"""URLs of the mcp.json pages, under /versions/."""

from django.urls import path

from registry.mcpjson import views

urlpatterns = [
    path("", views.version_list, name="version_list"),
    path("file/", views.version_file, name="version_file"),
    path("compare/", views.version_compare, name="version_compare"),
    path("export/", views.version_export, name="version_export"),
    path("drift/", views.version_drift, name="version_drift"),
    path("drift/take/", views.version_take, name="version_take"),
    path("drift/write/", views.version_write, name="version_write"),
    path("<int:number>/mcp.json", views.version_download, name="version_download"),
    path("<int:number>/rollback/", views.version_rollback, name="version_rollback"),
]
