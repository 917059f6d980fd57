"""A saved view as the pages show it: its name, what it narrows the list to, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from lifecycle.models import SavedView
from lifecycle.services import presenter as service_presenter
from lifecycle.services.listing import filters
from lifecycle.services.listing.order import SORTS
from lifecycle.services.listing.saved import operations, queries
from registry.models import Role


@dataclass(frozen=True, kw_only=True)
class Line:
    """One view."""

    id: int
    name: str
    url: str
    said: str
    owner: str
    own: bool
    shared: bool
    default: bool
    may_change: bool


def line_of(view: SavedView, who: str, role: Role) -> Line:
    """*who* looks at it."""
    return Line(
        id=view.pk,
        name=view.name,
        url=queries.address(view),
        said=said(view.query),
        owner=view.owner,
        own=view.owner == who,
        shared=view.shared,
        default=view.default and view.owner == who,
        may_change=operations.may_change(view, who, role),
    )


def said(query: str) -> str:
    """The filters and the order in words."""
    found = filters.parse(QueryDict(query).dict())
    words = service_presenter.TRANSPORT_WORDS
    states = {tile.state: tile.word for tile in service_presenter.tiles({})}
    parts = [
        f"“{found.q}”" if found.q else "",
        states.get(found.state, ""),
        words.get(found.transport, ""),
        _("tag %(name)s") % {"name": found.tag} if found.tag else "",
        _("agent %(name)s") % {"name": found.agent} if found.agent else "",
        _("tools to approve") if found.approval else "",
        _("needs sign-in") if found.needs else "",
        str(SORTS[found.sort]),
    ]
    return " · ".join(part for part in parts if part)
