"""URLs of the registry's pages."""

from django.urls import path

from registry.access.account import views as account_views
from registry.access.account.factors import views as factor_views
from registry.access.audit import views as audit_views
from registry.access.people import views as people_views
from registry.access.signin import openid, passkey, second
from registry.agents import views as agent_views
from registry.clients import views as client_views
from registry.imports import views as import_views
from registry.imports.catalog import views as catalog_views
from registry.removed import views as removed_views
from registry.services import views as service_views

urlpatterns = [
    path("add/", service_views.service_add, name="service_add"),
    path("registry/", catalog_views.catalog_list, name="catalog_list"),
    path("registry/search/", catalog_views.catalog_search, name="catalog_search"),
    path("registry/renew/", catalog_views.catalog_renew, name="catalog_renew"),
    path("import/", import_views.service_import, name="service_import"),
    path("agents/", agent_views.agent_list, name="agent_list"),
    path("add-agent/", agent_views.agent_add, name="agent_add"),
    path("agents/<str:name>/", agent_views.agent_edit, name="agent_edit"),
    path("agents/<str:name>/remove/", agent_views.agent_remove, name="agent_remove"),
    path("agents/<str:name>/token/", agent_views.agent_token, name="agent_token"),
    path("agents/<str:name>/revoke/", agent_views.agent_revoke, name="agent_revoke"),
    path("agents/<str:name>/mcp.json", agent_views.agent_mcpjson, name="agent_mcpjson"),
    path("connect/", client_views.client_connect, name="client_connect"),
    path("connect/file/", client_views.client_file, name="client_file"),
    path("service-names/", service_views.service_names, name="service_names"),
    path("services/<str:name>/edit/", service_views.service_edit, name="service_edit"),
    path("services/<str:name>/remove/", service_views.service_remove, name="service_remove"),
    path("services/<str:name>/restore/<int:number>/", removed_views.service_restore, name="service_restore"),
    path("account/", account_views.account, name="account"),
    path("account/sessions/end/", account_views.account_sessions_end, name="account_sessions_end"),
    path("account/sessions/<str:mark>/end/", account_views.account_session_end, name="account_session_end"),
    path("account/tokens/add/", account_views.account_token_add, name="account_token_add"),
    path("account/tokens/<int:pk>/revoke/", account_views.account_token_revoke, name="account_token_revoke"),
    path("account/app/", factor_views.account_app, name="account_app"),
    path("account/app/remove/", factor_views.account_app_remove, name="account_app_remove"),
    path("account/passkeys/add/", factor_views.account_passkey_add, name="account_passkey_add"),
    path(
        "account/passkeys/<int:pk>/remove/",
        factor_views.account_passkey_remove,
        name="account_passkey_remove",
    ),
    path("account/codes/", factor_views.account_codes, name="account_codes"),
    path("account/confirm/", second.account_confirm, name="account_confirm"),
    path("login/second/", second.signin_second, name="signin_second"),
    path("login/openid/", openid.signin_openid, name="signin_openid"),
    path("login/openid/back/", openid.signin_openid_callback, name="signin_openid_callback"),
    path("login/passkey/", passkey.signin_passkey, name="signin_passkey"),
    path("settings/tokens/", account_views.token_list, name="token_list"),
    path("settings/tokens/<int:pk>/revoke/", account_views.token_revoke, name="token_revoke"),
    path("settings/people/", people_views.people_list, name="people_list"),
    path("settings/people/invite/", people_views.people_invite, name="people_invite"),
    path("settings/people/<int:pk>/", people_views.people_detail, name="people_detail"),
    path("settings/people/<int:pk>/role/", people_views.people_role, name="people_role"),
    path("settings/people/<int:pk>/scope/", people_views.people_scope, name="people_scope"),
    path("settings/people/<int:pk>/link/", people_views.people_link, name="people_link"),
    path("settings/people/<int:pk>/sessions/", people_views.people_sessions, name="people_sessions"),
    path("settings/people/<int:pk>/factors/", people_views.people_factors, name="people_factors"),
    path("settings/people/<int:pk>/deactivate/", people_views.people_deactivate, name="people_deactivate"),
    path("settings/people/<int:pk>/activate/", people_views.people_activate, name="people_activate"),
    path("settings/people/<int:pk>/remove/", people_views.people_remove, name="people_remove"),
    path("welcome/<str:token>/", people_views.welcome, name="welcome"),
    path("settings/audit/", audit_views.audit_list, name="audit_list"),
    path("settings/audit/<int:pk>/", audit_views.audit_detail, name="audit_detail"),
    path("settings/audit/audit.<str:kind>", audit_views.audit_file, name="audit_file"),
    path("removed/", removed_views.removed_list, name="removed_list"),
]
