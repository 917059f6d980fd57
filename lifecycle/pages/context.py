"""Context processor for the frame of every page, read at most once for each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from lifecycle.models import MassFailure, SavedView
from lifecycle.pages import navigation
from lifecycle.pages import queries as page_queries
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.help import places
from lifecycle.pages.look import Look, look_of
from lifecycle.services.listing.saved import queries as saved_views
from lifecycle.services.presenter import Sign, sign_of
from registry.access.roles import at_least, role_of
from registry.models import Role
from registry.models.limits import current

VIEWS_SHOWN = 5
WITH_VIEWS = ("service_list", "view_list", "batch_list", "batch_detail")
"""The page of one service has enough to read."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Navigation, the sign of life, the place in the feed, and what this person may do.

    `can_configure` and `sees_all` are for those whom no scope limits.
    """

    feed_id: int
    open_alerts: int
    firing: int
    sign: Sign
    drifted_at: datetime | None
    mass: MassFailure | None
    section: str
    navigation: list[navigation.Entry]
    views: list[SavedView]
    more_views: bool
    look: Look
    help: str
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
    user = cast(User, request.user)
    who = user.get_username() if page_of(request) in WITH_VIEWS and not is_htmx(request) else ""
    known = page_queries.read(now, saved_views.columns, who) if who else page_queries.read(now)
    views = _views(known, who)
    role = role_of(user)
    entries = navigation.of(page_of(request), role, not current())
    return Frame(
        feed_id=known.feed_id,
        open_alerts=known.open_alerts,
        firing=known.firing,
        sign=sign_of(known, now),
        drifted_at=known.drifted_at,
        mass=known.mass,
        section=page_of(request).split("_")[0],
        navigation=entries,
        views=views[:VIEWS_SHOWN],
        more_views=len(views) > VIEWS_SHOWN,
        look=look_of(request),
        help=places.address(page_of(request)),
        can_operate=at_least(role, Role.OPERATOR),
        can_configure=at_least(role, Role.OPERATOR) and not current(),
        sees_all=not current(),
        can_administer=at_least(role, Role.ADMIN),
    )


def _views(known: page_queries.FrameFacts, who: str) -> list[SavedView]:
    if not who:
        return []
    return saved_views.of(who) if known.beside is None else saved_views.of_column(known.beside["views"], who)


def page_of(request: HttpRequest) -> str:
    """The name of the page's URL; that of its section stands before the underscore."""
    match = request.resolver_match
    return (match.url_name or "") if match else ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, read when a template first asks for it."""
    return {"frame": SimpleLazyObject(lambda: frame_of(request))}
