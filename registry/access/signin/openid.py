"""To the provider of OpenID Connect and back. Nothing of it is imported where none is set up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from registry.access.roles import open_to_all
from registry.access.signin.begin import on_the_way
from registry.access.signin.views import next_of

NONSENSE = (KeyError, ValueError, TypeError, AttributeError)
"""What answers that no provider gives become, on their way through allauth."""


@open_to_all
@never_cache
@require_safe
def signin_openid(request: HttpRequest) -> HttpResponse:
    """Go there, and remember in the session what was asked."""
    if settings.OIDC is None:
        raise Http404
    from allauth.socialaccount.providers.oauth2.client import OAuth2Error
    from requests import RequestException

    from registry.access.openid import adapter, provider

    on_the_way(request)
    try:
        made = provider.Provider(request, app=provider.app())
        answer: HttpResponse = made.redirect(request, process="login", next_url=next_of(request))
    except (OAuth2Error, RequestException, *NONSENSE) as exc:
        return adapter.failed(request, exc)
    return answer


@open_to_all
@never_cache
@require_safe
def signin_openid_callback(request: HttpRequest) -> HttpResponse:
    """Whoever comes back with a code has it exchanged for who they are."""
    if settings.OIDC is None:
        raise Http404
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    from registry.access.openid import adapter
    from registry.access.openid.provider import Adapter

    try:
        view: Any = OAuth2CallbackView.adapter_view(Adapter(request))  # type: ignore[no-untyped-call]
        answer: HttpResponse = view(request)
    except NONSENSE as exc:
        return adapter.failed(request, exc)
    return answer
