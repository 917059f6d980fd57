"""API tokens: shown once when issued, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from registry.access import audit, last_use
from registry.access.roles import at_least, role_of
from registry.core.scope import NO_SCOPE, Scope, plain, said
from registry.errors import NotAllowedError
from registry.models import ApiToken, Role

PREFIX = "mcps_"
HINT = 10
USED_EVERY = timedelta(minutes=1)


def digest(token: str) -> str:
    """What is kept of a token."""
    # The token has 256 bits of chance, so a slow hash would protect nothing and cost every request.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def issue(
    user: User,
    role: Role,
    now: datetime,
    *,
    name: str = "",
    lives: timedelta | None = None,
    by: str = "",
    scope: Scope = NO_SCOPE,
) -> str:
    """A new token, to be shown once; never with more rights than its user has. None: it does not expire.

    Of what its user sees it sees what is in its own *scope* too.
    """
    if scope and role == Role.ADMIN:
        raise NotAllowedError("An admin sees all services. Choose another role for the token, or no scope.")
    if not at_least(role_of(user), role):
        raise NotAllowedError(
            f"{user.get_username()} is {role_of(user).value}; a token cannot be {role.value}."
        )
    token = PREFIX + secrets.token_urlsafe(32)
    expires = now + lives if lives else None
    ApiToken.objects.create(
        user=user,
        role=role,
        scope=plain(scope),
        name=name[:100],
        digest=digest(token),
        hint=token[:HINT],
        created_at=now,
        expires_at=expires,
    )
    until = f"until {expires:%Y-%m-%d}" if expires else "without an end"
    detail = f"{role.value} for {user.get_username()}, {until}{f', of {said(scope)}' if scope else ''}"
    audit.note(by or user.get_username(), "token issued", token[:HINT], detail, now=now)
    return token


def find(token: str, now: datetime) -> ApiToken | None:
    """The live token; its `role` is lowered to its user's, if that has been lowered since."""
    rows = ApiToken.objects.select_related("user__membership").filter(digest=digest(token), revoked_at=None)
    found = rows.first()
    if found is None or not found.user.is_active or (found.expires_at and found.expires_at <= now):
        return None
    if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
        last_use.note(lambda: ApiToken.objects.filter(pk=found.pk).update(last_used_at=now))
    if not at_least(role_of(found.user), Role(found.role)):
        found.role = role_of(found.user)
    return found


def revoke(token: ApiToken, now: datetime, *, by: str = "") -> None:
    """No more requests with this token."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        owner = token.user.get_username()
        audit.note(by or owner, "token revoked", token.hint, f"of {owner}", now=now)


def search(q: str, now: datetime) -> QuerySet[ApiToken]:
    """Those of the living ones that *q* means: a person, a name, a whole token, or how one begins."""
    if not q:
        return living(now)
    if q.startswith(PREFIX):
        same = Q(digest=digest(q)) if len(q) > HINT else Q(hint__startswith=q)
        return living(now).filter(same)
    return living(now).filter(Q(user__username__icontains=q) | Q(name__icontains=q))


def living(now: datetime) -> QuerySet[ApiToken]:
    """Those that open something, or would if their users were active."""
    rows = ApiToken.objects.select_related("user").filter(revoked_at=None)
    return rows.exclude(expires_at__lte=now).order_by("user__username", "id")
