"""The page after the right password, of those who have a second factor; and the page that asks again."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStageController
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from registry.access import audit
from registry.access.account.factors import codes, passkeys, queries
from registry.access.account.factors.views import answer_of
from registry.access.roles import open_to_all, require
from registry.access.signin.stages import SecondFactor
from registry.access.signin.throttle import Attempt, TooManyAttemptsError
from registry.access.signin.views import locked, next_of
from registry.models import Role


@open_to_all
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def signin_second(request: HttpRequest) -> HttpResponse:
    """A code or a passkey. The password was right, and who it was is kept in the session."""
    stage = LoginStageController.enter(request, SecondFactor.key)
    if not isinstance(stage, SecondFactor) or not stage.is_of_today():
        return redirect("login")
    user = cast(User, stage.login.user)
    if request.method != "POST":
        if "options" in request.GET:
            return JsonResponse(passkeys.asked_to_show(user))
        return _ask(request, user, "registration/signin_second.html")
    try:
        found = _tried(request, user, "second factor failed")
    except TooManyAttemptsError:
        return locked(request, codes=True)
    if found is None:
        return _ask(request, user, "registration/signin_second.html", wrong=True)
    _used(request, found)
    answer: HttpResponse = stage.exit()  # type: ignore[no-untyped-call]
    return answer


@never_cache
@require(Role.VIEWER)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def account_confirm(request: HttpRequest) -> HttpResponse:
    """The second factor again, or the password of who has none, before one of them changes."""
    user = cast(User, request.user)
    if request.method != "POST":
        if "options" in request.GET:
            return JsonResponse(passkeys.asked_to_show(user))
        return _ask(request, user, "registration/account_confirm.html")
    try:
        done = _again(request, user)
    except TooManyAttemptsError:
        return locked(request, codes=True)
    if done:
        return redirect(next_of(request))
    return _ask(request, user, "registration/account_confirm.html", wrong=True)


def _again(request: HttpRequest, user: User) -> bool:
    """Whether it was them; noted in the session."""
    if queries.has_any(user):
        found = _tried(request, user, "confirmation failed")
        if found is None:
            return False
        _used(request, found, reauthenticated=True)
        _noted(user)
        return True
    attempt = Attempt(request, user.get_username(), timezone.now())
    if authenticate(request, username=user.get_username(), password=request.POST.get("password", "")) is None:
        _failed(attempt, "confirmation failed")
        return False
    attempt.good()
    record_authentication(request, user, "password", reauthenticated=True)
    _noted(user)
    return True


def _noted(user: User) -> None:
    audit.note(user.get_username(), "confirmed who they are", user.get_username(), now=timezone.now())


def _tried(request: HttpRequest, user: User, action: str) -> Authenticator | None:
    """What was shown is counted first, as passwords are; TooManyAttemptsError."""
    attempt = Attempt(request, user.get_username(), timezone.now(), what="codes")
    if "credential" in request.POST:
        found = passkeys.shown(user, answer_of(request) or {})
    else:
        found = codes.take(user, request.POST.get("code", "")[:40])
    if found is None:
        _failed(attempt, action)
        return None
    attempt.good()
    return found


def _failed(attempt: Attempt, action: str) -> None:
    attempt.bad(action)
    if attempt.exhausted():
        raise TooManyAttemptsError


def _used(request: HttpRequest, found: Authenticator, *, reauthenticated: bool = False) -> None:
    from allauth.mfa.base.internal.flows import post_authentication

    post_authentication(request, found, reauthenticated=reauthenticated)
    if found.type == Authenticator.Type.RECOVERY_CODES:
        left = queries.of(found.user).codes
        messages.warning(request, _("Recovery code used. Remaining: %(n)s.") % {"n": left})


def _ask(request: HttpRequest, user: User, template: str, *, wrong: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "factors": queries.of(user),
        "possible": passkeys.possible(request),
        "wrong": wrong,
        "next": next_of(request),
        "name": user.get_username(),
        "has_password": user.has_usable_password(),
    }
    return render(request, template, context, status=422 if wrong else 200)
