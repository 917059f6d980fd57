"""A link by which a person sets their password, or signs in: used once, and only for a while."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from registry.access.tokens import digest
from registry.models import PasswordLink

INVITED_FOR = timedelta(days=7)
RESET_FOR = timedelta(days=1)
SIGNS_IN_FOR = timedelta(minutes=15)


def make(user: User, *, lives: timedelta, by: str, now: datetime, signs_in: bool = False) -> str:
    """The address, to be shown once; an earlier link of the same person no longer works."""
    PasswordLink.objects.filter(user=user).delete()
    token = secrets.token_urlsafe(32)
    known = {"user": user, "made_by": by[:150], "signs_in": signs_in}
    PasswordLink.objects.create(digest=digest(token), created_at=now, expires_at=now + lives, **known)
    return f"{settings.PUBLIC_URL}{reverse('welcome', args=[token])}"


def find(token: str, now: datetime) -> PasswordLink | None:
    """The link, while it works; locked, where a transaction is open, so that nobody uses it twice."""
    rows = PasswordLink.objects.select_related("user").filter(digest=digest(token), expires_at__gt=now)
    found = rows.first()
    return found if found is not None and found.user.is_active else None


def use(token: str, now: datetime) -> User | None:
    """Whose it is; from then on it works no more. None where it does not, or another request was first."""
    found = find(token, now)
    if found is None or not PasswordLink.objects.filter(pk=found.pk).delete()[0]:
        return None
    return found.user
