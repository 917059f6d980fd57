"""Who is signed in where: read from the sessions themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

PLACE = "place"
"""Kept in the session at sign-in: `{"address", "browser", "at"}`; it outlives a new key of the session."""
SEEN = "seen"
"""When its person was there, in seconds; written once a minute at most."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One session. `mark` stands for its key, which is shown to nobody."""

    mark: str
    user_id: int
    address: str
    browser: str
    began_at: datetime | None
    seen_at: datetime


def mark(key: str) -> str:
    """What stands for a session's key on a page."""
    return hashlib.sha256(f"session {key}".encode()).hexdigest()[:24]


def keys_of(user: User, now: datetime) -> Iterator[tuple[str, Seen]]:
    """The living sessions of a person, each with its key; the one used last first."""
    for row in Session.objects.filter(expire_date__gt=now).order_by("-expire_date").iterator():
        data = row.get_decoded()
        if not _is_of(user, data):
            continue
        place = data.get(PLACE) or {}
        yield (
            row.session_key,
            Seen(
                mark=mark(row.session_key),
                user_id=user.pk,
                address=str(place.get("address", "")),
                browser=str(place.get("browser", "")),
                began_at=datetime.fromisoformat(place["at"]) if place.get("at") else None,
                seen_at=_seen(data, row.expire_date, now),
            ),
        )


def _seen(data: Mapping[str, Any], expires: datetime, now: datetime) -> datetime:
    """By its own word, or by when it would end."""
    by_word = datetime.fromtimestamp(data[SEEN], UTC) if SEEN in data else None
    return min(by_word or expires - timedelta(seconds=settings.SESSION_COOKIE_AGE), now)


def last_hour(session: Mapping[str, Any] | SessionBase) -> datetime | None:
    """When it ends however much it is used; None where it goes on for ever, or its beginning is unknown."""
    began = (session.get(PLACE) or {}).get("at")
    if not began or not settings.SESSION_DAYS:
        return None
    return datetime.fromisoformat(began) + timedelta(days=settings.SESSION_DAYS)


def _is_of(user: User, data: Mapping[str, Any]) -> bool:
    """Whether it opens pages as this person; one of an older password does not."""
    kept = str(data.get(HASH_SESSION_KEY, ""))
    own = str(data.get(SESSION_KEY)) == str(user.pk)
    return own and constant_time_compare(kept, user.get_session_auth_hash())


def of(user: User, now: datetime) -> list[Seen]:
    """The living sessions of a person."""
    return [seen for _key, seen in keys_of(user, now)]
