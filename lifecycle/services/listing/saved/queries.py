"""The views that somebody has, and those that are shared with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, JSONField, Q, Subquery, Value
from django.db.models.functions import JSONObject
from django.http import QueryDict
from django.urls import reverse

from lifecycle.alerts.episodes.listing.queries import Listed
from lifecycle.models import SavedView
from lifecycle.services.listing import filters
from registry.errors import RegistryError

SHOWN = ("id", "owner", "name", "query")


class ViewNotFoundError(RegistryError):
    """No view of this number that they may see."""

    code = "view_not_found"

    def __init__(self, pk: int) -> None:
        super().__init__(f"There is no view {pk}.")


def of(who: str) -> list[SavedView]:
    """One's own by name, then those of others that are shared."""
    return _in_order(SavedView.objects.filter(_seen_by(who)), who)


def columns(who: str) -> dict[str, Subquery]:
    """`of` as part of another query, to be read by `of_column`."""
    found = SavedView.objects.filter(_seen_by(who)).order_by().annotate(one=Value(1)).values("one")
    values = JSONObject(**{name: F(name) for name in SHOWN})
    return {"views": Subquery(found.annotate(all=Listed(values)).values("all"), output_field=JSONField())}


def of_column(rows: Iterable[Mapping[str, Any]] | None, who: str) -> list[SavedView]:
    """The views that `columns` has read; of each what a link needs."""
    return _in_order((SavedView(**row) for row in rows or ()), who)


def _seen_by(who: str) -> Q:
    return Q(owner=who) | Q(shared=True)


def _in_order(found: Iterable[SavedView], who: str) -> list[SavedView]:
    return sorted(found, key=lambda view: (view.owner != who, view.name.casefold(), view.pk))


def get(pk: int, who: str) -> SavedView:
    """One of `of`; ViewNotFoundError for any other."""
    found = SavedView.objects.filter(_seen_by(who), pk=pk).first()
    if found is None:
        raise ViewNotFoundError(pk)
    return found


def default_of(who: str) -> SavedView | None:
    """What the list opens with, for this person."""
    return SavedView.objects.filter(owner=who, default=True).first()


def address(view: SavedView) -> str:
    """The list so narrowed."""
    return f"{reverse('service_list')}?{view.query}"


def canonical(query: str) -> str:
    """The filters of an address, the order said and the page left out; what is not known is dropped."""
    given = QueryDict(query.partition("?")[2] or query)
    return filters.parse({key: given.get(key, "") for key in given if key != "page"}).query
