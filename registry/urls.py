"""Addresses of what should run."""

from django.urls import path

from registry.views import adding, agents, editing, importing, removed

urlpatterns = [
    path("add/", adding.service_add, name="service_add"),
    path("import/", importing.service_import, name="service_import"),
    path("agents/", agents.agent_list, name="agent_list"),
    path("add-agent/", agents.agent_add, name="agent_add"),
    path("agents/<str:name>/", agents.agent_edit, name="agent_edit"),
    path("agents/<str:name>/remove/", agents.agent_remove, name="agent_remove"),
    path("agents/<str:name>/token/", agents.agent_token, name="agent_token"),
    path("agents/<str:name>/revoke/", agents.agent_revoke, name="agent_revoke"),
    path("agents/<str:name>/mcp.json", agents.agent_mcpjson, name="agent_mcpjson"),
    path("service-names/", editing.service_names, name="service_names"),
    path("services/<str:name>/edit/", editing.service_edit, name="service_edit"),
    path("services/<str:name>/remove/", adding.service_remove, name="service_remove"),
    path("services/<str:name>/restore/<int:number>/", removed.service_restore, name="service_restore"),
    path("removed/", removed.removed_list, name="removed_list"),
]
