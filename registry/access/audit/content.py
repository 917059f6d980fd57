"""What a row says as text, and its seal: a keyed digest that nobody makes who has the database alone."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from registry.models import AuditEntry

LONGEST = 64 * 1024
DIGITS = 48
_encode = DjangoJSONEncoder(ensure_ascii=False).encode
Columns = tuple[str, str, str, str]
"""Of a member: name, detail, before, after."""


@lru_cache(maxsize=4)
def _key(secret: str) -> tuple[bytes, str]:
    made = hashlib.sha256(b"mcpstore audit log\0" + secret.encode()).digest()
    return made, hashlib.sha256(made).hexdigest()[:8]


def key_name() -> str:
    """Tells keys apart: a seal begins with it."""
    return _key(settings.SECRET_KEY)[1]


def digest(*parts: str) -> str:
    """Of the parts in this order, with the console's key, its name in front."""
    key, name = _key(settings.SECRET_KEY)
    text = json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return f"{name}.{hmac.new(key, text, hashlib.sha256).hexdigest()[:DIGITS]}"


def foreign(made: str) -> bool:
    """Whether another key made this seal or link; nobody can check it with the one that is there."""
    return not made.startswith(f"{key_name()}.")


def kept(value: Mapping[str, Any] | None) -> str:
    """A picture of something as a row keeps it; one that is too long is kept by its size alone.

    In one line: with an indent, `json` encodes in Python, which thousands of members would feel.
    """
    if not value:
        return ""
    text = _encode(value).replace("\\u0000", "�")
    if len(text) <= LONGEST:
        return text
    return json.dumps({"…": f"too long to keep: {len(text):,} characters"}, ensure_ascii=False)


def spread(text: str) -> str:
    """What `kept` made, in lines for people; a row that was altered since may hold any text."""
    with suppress(ValueError):
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    return text


def differing(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Of two pictures what is not the same in both."""
    if before is None or after is None:
        return dict(before) if before is not None else None, dict(after) if after is not None else None
    keys = [key for key in (*before, *after) if before.get(key) != after.get(key)]
    return (
        {key: before[key] for key in dict.fromkeys(keys) if key in before},
        {key: after[key] for key in dict.fromkeys(keys) if key in after},
    )


def of_members(members: Iterable[Columns]) -> str:
    """One digest for all members of a row, in their order. No column holds a NUL."""
    found = hashlib.sha256()
    for columns in members:
        found.update("\0".join(columns).encode("utf-8", "surrogatepass") + b"\n\0")
    return found.hexdigest()


def columns_of(entry: AuditEntry) -> list[Columns]:
    """The members of a row that is stored."""
    return [(one.name, one.detail, one.before, one.after) for one in entry.named.all()]


def seal(entry: AuditEntry, members: Sequence[Columns] = ()) -> str:
    """What the row must carry to be believed."""
    said = (entry.at.isoformat(), entry.actor, entry.action, entry.target, entry.detail)
    more = (entry.door, entry.address, entry.before, entry.after, str(entry.members))
    return digest(*said, *more, of_members(members) if members else "")


def link(before: str, entry: AuditEntry) -> str:
    """What ties a row to the one before it."""
    return digest(before, str(entry.position), entry.seal)
