"""End sessions: whoever has a page open there is told so within seconds."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction

from registry.access import audit
from registry.access.sessions import queries


def one(user: User, mark: str, *, by: str, now: datetime) -> bool:
    """The session that this mark stands for, if it is this person's."""
    with transaction.atomic():
        found = [(key, seen) for key, seen in queries.keys_of(user, now) if seen.mark == mark]
        for key, seen in found:
            Session.objects.filter(session_key=key).delete()
            where = f"{seen.browser or 'a browser'} at {seen.address or 'an unknown address'}"
            audit.note(by, "session ended", user.get_username(), where, now=now)
    return bool(found)


def every(user: User, *, by: str, now: datetime, but: str = "") -> int:
    """All sessions of a person, *but* the one of this key; how many there were."""
    with transaction.atomic():
        keys = [key for key, _seen in queries.keys_of(user, now) if key != but]
        if keys:
            Session.objects.filter(session_key__in=keys).delete()
            audit.note(by, "sessions ended", user.get_username(), f"{len(keys)} sessions", now=now)
    return len(keys)
