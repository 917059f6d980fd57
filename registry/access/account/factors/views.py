"""Pages of one's own second factors: an authenticator app, passkeys, recovery codes."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from registry.access.account.factors import codes, operations, passkeys
from registry.access.roles import require
from registry.access.signin.recent import confirmed
from registry.errors import NotPossibleError
from registry.models import Role
from registry.secrets import vault

WAITING = "app-secret"
"""In the session, sealed: the secret of an app that has not shown yet that it has it."""


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _said(request: HttpRequest, text: str, *, fresh_codes: bool) -> HttpResponse:
    """The codes, if they are new: in this answer and nowhere else, so no redirect follows."""
    if not fresh_codes:
        messages.success(request, text)
        return redirect("account")
    context = {"codes": codes.left(_me(request)), "said": text}
    return render(request, "registry/account/factors/account_codes.html", context)


@never_cache
@require(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def account_app(request: HttpRequest) -> HttpResponse:
    """Show a new secret; once the app has made a code of it, codes are asked for at sign-in."""
    secret = _secret(request)
    if request.method == "POST":
        counter = codes.fits(secret, request.POST.get("code", "")[:20])
        if counter is not None:
            return _app_added(request, secret, counter)
    adapter = get_adapter()
    url = adapter.build_totp_url(_me(request), secret)
    picture = base64.b64encode(adapter.build_totp_svg(url).encode()).decode()
    wrong = request.method == "POST"
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    context = {"picture": picture, "secret": groups, "wrong": wrong}
    return render(request, "registry/account/factors/account_app.html", context, status=422 if wrong else 200)


def _secret(request: HttpRequest) -> str:
    """The one that waits; a new one where none does."""
    waiting = request.session.get(WAITING)
    if not waiting:
        waiting = request.session[WAITING] = {"sealed": vault.seal(codes.new_secret())}
    return vault.unseal(waiting["sealed"])


def _app_added(request: HttpRequest, secret: str, counter: int) -> HttpResponse:
    del request.session[WAITING]
    try:
        fresh = operations.add_app(_me(request), secret, counter, now=timezone.now())
    except NotPossibleError as exc:
        messages.error(request, str(exc))
        return redirect("account")
    return _said(request, _("Authenticator app set up."), fresh_codes=fresh)


@never_cache
@require(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def account_passkey_add(request: HttpRequest) -> HttpResponse:
    """A name, and what the browser made of the options that it asks for here."""
    if request.method != "POST":
        if "options" in request.GET:
            return JsonResponse(passkeys.asked_to_add(_me(request)))
        context = {"possible": passkeys.possible(request), "longest": operations.NAMED_AT_MOST}
        return render(request, "registry/account/factors/account_passkey_add.html", context)
    credential = answer_of(request)
    if credential is None or not passkeys.made(credential):
        messages.error(request, _("The passkey was not added: the browser did not return a valid answer."))
        return redirect("account_passkey_add")
    try:
        name = request.POST.get("name", "")
        fresh = operations.add_passkey(_me(request), name, credential, now=timezone.now())
    except NotPossibleError as exc:
        messages.error(request, str(exc))
        return redirect("account")
    return _said(request, _("Passkey added. You can sign in with it alone."), fresh_codes=fresh)


def answer_of(request: HttpRequest) -> dict[str, Any] | None:
    """What the browser's passkey said, as JSON in a field."""
    try:
        found = json.loads(request.POST.get("credential", "")[:50_000])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@require(Role.VIEWER)
@require_POST
@confirmed
def account_app_remove(request: HttpRequest) -> HttpResponse:
    """No codes of an app any more."""
    if not operations.remove_app(_me(request), now=timezone.now()):
        raise Http404
    messages.success(request, _("Authenticator app removed."))
    return redirect("account")


@require(Role.VIEWER)
@require_POST
@confirmed
def account_passkey_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """This passkey opens nothing any more."""
    if not operations.remove_passkey(_me(request), pk, now=timezone.now()):
        raise Http404
    messages.success(request, _("Passkey removed. Delete it from your device or browser too."))
    return redirect("account")


@never_cache
@require(Role.VIEWER)
@require_POST
@confirmed
def account_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes instead of the former."""
    try:
        operations.renew_codes(_me(request), now=timezone.now())
    except NotPossibleError as exc:
        messages.error(request, str(exc))
        return redirect("account")
    return _said(request, _("The old recovery codes no longer work."), fresh_codes=True)
