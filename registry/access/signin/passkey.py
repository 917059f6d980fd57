"""Signing in with a passkey alone."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from registry.access.account.factors import passkeys
from registry.access.account.factors.views import answer_of
from registry.access.roles import open_to_all
from registry.access.signin.begin import on_the_way
from registry.access.signin.throttle import Attempt, TooManyAttemptsError
from registry.access.signin.views import locked, next_of, only_by_provider, switched_off


@open_to_all
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def signin_passkey(request: HttpRequest) -> HttpResponse:
    """What the browser is to sign, as JSON; and its answer, which says whose it is."""
    if only_by_provider():
        return switched_off(request)
    if request.method != "POST":
        on_the_way(request)
        return JsonResponse(passkeys.asked_to_show())
    answer = answer_of(request) or {}
    user = passkeys.claimed(answer)
    try:
        attempt = Attempt(request, user.get_username() if user else "", timezone.now(), what="passkeys")
    except TooManyAttemptsError:
        return locked(request, codes=True)
    found = passkeys.shown(user, answer) if user else None
    if user is None or found is None:
        attempt.bad("passkey refused")
        if attempt.exhausted():
            return locked(request, codes=True)
        messages.error(
            request, _("This passkey does not belong to any account here. It may have been removed.")
        )
        return redirect(f"{reverse('login')}?{urlencode({'next': next_of(request)})}")
    attempt.good()
    from allauth.mfa.base.internal.flows import post_authentication

    post_authentication(request, found, passwordless=True)
    return perform_login(request, Login(user=found.user, redirect_url=next_of(request)))
