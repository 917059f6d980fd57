"""Pages of one's own sessions and API tokens; for admins, the tokens of everybody."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from registry.access import tokens
from registry.access.account.factors import queries as factors
from registry.access.account.forms import TokenForm
from registry.access.people.forms import ROLE_WORDS
from registry.access.roles import require, role_of
from registry.access.scope.choose import words
from registry.access.scope.limits import scope_of
from registry.access.sessions import end as end_sessions
from registry.access.sessions import queries as session_queries
from registry.models import ApiToken, Role

AT_MOST = 200


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": _me(request).get_username(), "now": timezone.now()}


def _key(request: HttpRequest) -> str:
    return request.session.session_key or ""


@require(Role.VIEWER)
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Where I am signed in, and what opens the REST API in my name."""
    return _page(request, TokenForm(own=role_of(request.user)))


def _page(request: HttpRequest, form: TokenForm, *, token: str = "", status: int = 200) -> HttpResponse:
    now, me = timezone.now(), _me(request)
    context = {
        "form": form,
        "token": token,
        "role_word": ROLE_WORDS[role_of(me)],
        "scope_words": words(scope_of(me)),
        "sessions": session_queries.of(me, now),
        "this": session_queries.mark(_key(request)),
        "tokens": tokens.living(now).filter(user=me),
        "factors": factors.of(me),
        "has_password": me.has_usable_password(),
    }
    return render(request, "registry/account/account.html", context, status=status)


@require(Role.VIEWER)
@require_POST
def account_session_end(request: HttpRequest, mark: str) -> HttpResponse:
    """End one of my sessions."""
    if not end_sessions.one(_me(request), mark, **_who(request)):
        raise Http404(mark)
    messages.success(request, _("Session ended."))
    return redirect("account")


@require(Role.VIEWER)
@require_POST
def account_sessions_end(request: HttpRequest) -> HttpResponse:
    """End all of my sessions but this one."""
    count = end_sessions.every(_me(request), but=_key(request), **_who(request))
    said = ngettext("%(n)d other session ended.", "%(n)d other sessions ended.", count)
    messages.success(request, said % {"n": count})
    return redirect("account")


@never_cache
@require(Role.VIEWER)
@require_POST
def account_token_add(request: HttpRequest) -> HttpResponse:
    """A new token of mine. It is in this answer and nowhere else, so no redirect follows."""
    own = role_of(request.user)
    form = TokenForm(request.POST, own=own)
    if not form.is_valid():
        return _page(request, form, status=422)
    given, now = form.cleaned_data, timezone.now()
    role = Role(given["role"])
    more = {"name": given["name"], "lives": form.lives(), "scope": form.scope()}
    token = tokens.issue(_me(request), role, now, **more)
    return _page(request, TokenForm(own=own), token=token)


@require(Role.VIEWER)
@require_POST
def account_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token of mine."""
    token = get_object_or_404(ApiToken, pk=pk, user=_me(request), revoked_at=None)
    tokens.revoke(token, timezone.now(), by=_me(request).get_username())
    messages.success(request, _("Token revoked."))
    return redirect("account")


@require(Role.ADMIN)
@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    """Everybody's tokens. Whoever found a token, or its first characters, finds whose it is."""
    q, now = request.GET.get("q", "").replace("\0", "").strip()[:100], timezone.now()
    found = tokens.search(q, now)
    context = {"tokens": found[:AT_MOST], "more": max(found.count() - AT_MOST, 0), "q": _short(q)}
    return render(request, "registry/account/token_list.html", context)


def _short(q: str) -> str:
    """A whole token that was looked for is not shown again."""
    return q[: tokens.HINT] if q.startswith(tokens.PREFIX) else q


@require(Role.ADMIN)
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke anybody's token."""
    token = get_object_or_404(ApiToken.objects.select_related("user"), pk=pk, revoked_at=None)
    tokens.revoke(token, timezone.now(), by=_me(request).get_username())
    said = _("Token %(hint)s… of %(name)s revoked.")
    messages.success(request, said % {"hint": token.hint, "name": token.user.get_username()})
    return redirect("token_list")
