"""API tokens: shown once when issued, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from registry.access import audit
from registry.access.roles import at_least, role_of
from registry.errors import NotAllowedError
from registry.models import ApiToken, Role

PREFIX = "mcps_"
HINT = 10
USED_EVERY = timedelta(minutes=1)


def digest(token: str) -> str:
    """What is kept of a token."""
    # The token has 256 bits of chance, so a slow hash would protect nothing and cost every request.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def issue(user: User, role: Role, now: datetime) -> str:
    """A new token, to be shown once; never with more rights than its user has."""
    if not at_least(role_of(user), role):
        raise NotAllowedError(
            f"{user.get_username()} is {role_of(user).value}; a token cannot be {role.value}."
        )
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, role=role, digest=digest(token), hint=token[:HINT], created_at=now)
    audit.note(user.get_username(), "token issued", token[:HINT], role.value, now=now)
    return token


def find(token: str, now: datetime) -> ApiToken | None:
    """The live token; its `role` is lowered to its user's, if that has been lowered since."""
    rows = ApiToken.objects.select_related("user__membership").filter(digest=digest(token), revoked_at=None)
    found = rows.first()
    if found is None or not found.user.is_active:
        return None
    if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    if not at_least(role_of(found.user), Role(found.role)):
        found.role = role_of(found.user)
    return found


def revoke(token: ApiToken, now: datetime) -> None:
    """No more requests with this token."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
