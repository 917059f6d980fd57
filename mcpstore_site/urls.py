"""Every address of the console."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from lifecycle.live.views import live_poll
from mcpstore_site import api, health
from registry.views.account import OwnPassword
from registry.views.signin import SignIn

handler403 = "lifecycle.views.answers.forbidden"
handler404 = "lifecycle.views.answers.not_found"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", OwnPassword.as_view(), name="password"),
    path("live/poll/", live_poll, name="live_poll"),
    path("api/v1/", api.urls),
    path("alerts/", include("lifecycle.urls_alerts")),
    path("versions/", include("registry.urls_versions")),
    path("", include("registry.urls")),
    path("", include("lifecycle.urls")),
]
