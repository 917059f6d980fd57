"""Catch-up for pages that come, or come back: read and rendered once for all that ask together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.visible import visible


@dataclass(frozen=True)
class Page:
    """What a page began to show, and the place in the feed that it knows of."""

    fresh: frozenset[str]
    after: int | None


def missed(pages: Iterable[Page], now: datetime) -> tuple[dict[Page, dict[str, str]], int]:
    """For each page the fragments that it may have missed, and the place in the feed that they are of."""
    pages, last = set(pages), feed.place()
    places = {page.after for page in pages}
    items = {after: _since(last if after is None else after, now) for after in places}
    names = {page: _names(page, items[page.after]) for page in pages}
    made = fragments.render(set().union(*names.values()))
    return {page: fragments.among(made, names[page]) for page in pages}, last


def _since(after: int, now: datetime) -> list[feed.Item] | None:
    items = feed.since(after, now)
    return None if items is None else visible(items)


def _names(page: Page, items: list[feed.Item] | None) -> set[str]:
    names = set(page.fresh) if items is None else fragments.touched(items, page.fresh)
    return names | (fragments.SINGLE.keys() & page.fresh)  # they change by time too, and no row says so
