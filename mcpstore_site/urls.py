"""Every address of the console."""

from django.urls import URLPattern, URLResolver, include, path

from lifecycle.live.views import live_poll
from lifecycle.monitoring.prometheus.views import metrics
from mcpstore_site import api
from mcpstore_site.answers import health
from registry.access.roles import open_to_all, require
from registry.access.signin.views import OwnPassword, SignIn, SignOut, signed_in
from registry.models import Role

handler403 = "lifecycle.pages.answers.forbidden"
handler404 = "lifecycle.pages.answers.not_found"
handler400 = "mcpstore_site.answers.unavailable.bad_request"
handler500 = "mcpstore_site.answers.unavailable.failed"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("login/", open_to_all(SignIn.as_view()), name="login"),
    path("signed-in/", signed_in, name="signed_in"),
    path("logout/", open_to_all(SignOut.as_view()), name="logout"),
    path("password/", require(Role.VIEWER)(OwnPassword.as_view()), name="password"),
    path("live/poll/", live_poll, name="live_poll"),
    path("api/v1/", api.urls),
    path("alerts/", include("lifecycle.alerts.urls")),
    path("versions/", include("registry.mcpjson.urls")),
    path("", include("registry.urls")),
    path("", include("lifecycle.urls")),
]
