"""The services list's filters, as they stand in the URL, and its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from lifecycle.pages.paging import PAGE_SIZE, clamp
from lifecycle.services.counts import KEYS
from lifecycle.services.listing.order import SORTS, USUAL
from lifecycle.services.queries import SIGN_IN
from registry.models import Transport

LONGEST = 200
NARROWING = ("q", "state", "transport", "tag", "agent", "approval", "needs")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list is narrowed to; anything that is not known falls back to "all"."""

    q: str = ""
    state: str = ""
    transport: str = ""
    tag: str = ""
    agent: str = ""
    approval: str = ""
    needs: str = ""
    sort: str = USUAL
    page: int = 1

    @property
    def url(self) -> str:
        """The address of the list so narrowed, without what is empty or usual."""
        kept = {key: value for key, value in self._parts().items() if (key, value) != ("sort", USUAL)}
        return self._address(kept)

    @property
    def url_with_sort(self) -> str:
        """The same, which also says the usual order: whoever follows it has chosen that."""
        return self._address(self._parts())

    @property
    def query(self) -> str:
        """Filters and order alone, as they stand in an address."""
        return urlencode({key: value for key, value in self._parts().items() if key != "page"})

    @property
    def narrows(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, key) for key in NARROWING)

    def _parts(self) -> dict[str, str | int]:
        parts = {key: getattr(self, key) for key in (*NARROWING, "sort")}
        kept: dict[str, str | int] = {key: value for key, value in parts.items() if value}
        return kept | ({"page": self.page} if self.page > 1 else {})

    def _address(self, kept: dict[str, str | int]) -> str:
        return reverse("service_list") + (f"?{urlencode(kept)}" if kept else "")


def parse(given: Mapping[str, str], remembered: str = "") -> Filters:
    """Read the query of a URL, whoever wrote it; without an order in it, the one last chosen."""
    page = given.get("page", "")
    return Filters(
        q=given.get("q", "").replace("\0", "").strip()[:LONGEST],
        state=_known(given.get("state", ""), KEYS),
        transport=_known(given.get("transport", ""), Transport.values),
        tag=given.get("tag", "").replace("\0", "")[:LONGEST],
        agent=given.get("agent", "").replace("\0", "")[:LONGEST],
        approval=_known(given.get("approval", ""), ["waiting"]),
        needs=_known(given.get("needs", ""), [SIGN_IN]),
        sort=_known(given.get("sort", ""), [*SORTS]) or _known(remembered, [*SORTS]) or USUAL,
        page=min(int(page), 10**6) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
    )


def _known(value: str, choices: Sequence[str]) -> str:
    return value if value in choices else ""


@dataclass(frozen=True, kw_only=True)
class Pager:
    """The line below the list."""

    text: str
    previous: str
    next: str


def pager(filters: Filters, count: int) -> Pager:
    """Where this page stands among all, and the addresses of its neighbours."""
    page = clamp(filters.page, count)
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, count)
    return Pager(
        text=_("%(first)s–%(last)s of %(count)s")
        % {"first": f"{first:,}", "last": f"{last:,}", "count": f"{count:,}"},
        previous=replace(filters, page=page - 1).url if page > 1 else "",
        next=replace(filters, page=page + 1).url if last < count else "",
    )
