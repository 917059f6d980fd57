"""allauth's hooks for OpenID Connect. What they need is imported when they are called."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from registry.access import audit, clients
from registry.access.signin.throttle import DOOR


class OpenIdAdapter(DefaultSocialAccountAdapter):
    """One provider, of the settings; people come in by their groups, and not by signing up."""

    def get_provider(self, request: HttpRequest, provider: Any, client_id: Any = None) -> Any:
        from registry.access.openid.provider import Provider, app

        return Provider(request, app=app())

    def get_requests_session(self) -> Any:
        from registry.access.openid.reaching import Session

        return Session()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        from registry.access.openid.arrival import NotLetInError, arrive

        try:
            arrive(request, sociallogin, now=timezone.now())
        except NotLetInError as exc:
            said = sociallogin.account.extra_data
            who = str(said.get("preferred_username") or sociallogin.account.uid)
            raise ImmediateHttpResponse(refused(request, who, str(exc), str(exc))) from None

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        raise ImmediateHttpResponse(refused(request, "OpenID Connect", *_words(request, error, exception)))


def failed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for an answer that cannot be used."""
    return refused(request, "OpenID Connect", *_words(request, None, exception))


def _words(request: HttpRequest, error: Any, exception: Exception | None) -> tuple[str, str]:
    """What the person is told, and what stands in the audit log."""
    from allauth.socialaccount.providers.base.constants import AuthError

    if error == AuthError.CANCELLED:
        return _("You cancelled the sign-in at the provider."), "cancelled at the provider"
    if exception is not None:
        why = _why(exception)
        return _(
            "The provider's answer could not be used. The audit log has the reason. Try again, or ask "
            "an admin."
        ), why
    if "error" in request.GET:
        why = f"the provider says {request.GET['error']}"
        return _("The provider does not let you in. Ask its administrator."), why
    return _(
        "This sign-in took too long, or was started in another browser. Start again."
    ), "no sign-in is waiting"


def _why(exception: Exception) -> str:
    """What allauth says of an answer may hold all of it, tokens included."""
    from requests import RequestException

    text = str(exception)
    told = isinstance(exception, RequestException) or text.startswith("the provider")
    return f"{type(exception).__name__}: {text[:300]}" if told else type(exception).__name__


def refused(request: HttpRequest, who: str, told: str, why: str) -> HttpResponse:
    """The page that says so, and the row."""
    where = f"from {clients.address(request)}, by OpenID Connect: {why}"
    audit.note(DOOR, "sign-in refused", who, where, now=timezone.now())
    return render(request, "registration/openid_refused.html", {"told": told}, status=403)
