"""Context processor for the frame of every page, read at most once for each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from lifecycle.models import MassFailure
from lifecycle.pages import queries as page_queries
from lifecycle.services.presenter import Sign, sign_of
from registry.access.roles import at_least, role_of
from registry.models import Role
from registry.models.limits import current


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Navigation, the sign of life, the place in the feed, and what this person may do.

    `can_configure` and `sees_all` are for those whom no scope limits.
    """

    feed_id: int
    open_alerts: int
    sign: Sign
    drifted_at: datetime | None
    mass: MassFailure | None
    section: str
    can_operate: bool
    can_configure: bool
    sees_all: bool
    can_administer: bool


def frame_of(request: HttpRequest) -> Frame:
    """The frame of this request. A page with live rows asks for it before it reads them."""
    known = getattr(request, "console_frame", None)
    if not isinstance(known, Frame):
        known = _read(request)
        request.console_frame = known  # type: ignore[attr-defined]
    return known


def _read(request: HttpRequest) -> Frame:
    now = timezone.now()
    known = page_queries.read(now)
    role = role_of(cast(User, request.user))
    return Frame(
        feed_id=known.feed_id,
        open_alerts=known.open_alerts,
        sign=sign_of(known, now),
        drifted_at=known.drifted_at,
        mass=known.mass,
        section=section_of(request),
        can_operate=at_least(role, Role.OPERATOR),
        can_configure=at_least(role, Role.OPERATOR) and not current(),
        sees_all=not current(),
        can_administer=at_least(role, Role.ADMIN),
    )


def section_of(request: HttpRequest) -> str:
    """The entry of the navigation that this address belongs to: its name up to the underscore."""
    match = request.resolver_match
    return (match.url_name or "").split("_")[0] if match else ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, read when a template first asks for it."""
    return {"frame": SimpleLazyObject(lambda: frame_of(request))}
