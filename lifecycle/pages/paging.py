"""Pages of a long list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a long list."""

    rows: list[Any]
    number: int
    count: int
    text: str
    previous: int
    next: int


def page_of(rows: QuerySet[Any] | Sequence[Any], count: int, number: int, size: int) -> Page:
    """The page of this number, or the nearest there is; 0 where it has no neighbour."""
    number = clamp(number, count, size)
    first, last = (number - 1) * size, min(number * size, count)
    return Page(
        rows=list(rows[first:last]),
        number=number,
        count=count,
        text=_("%(first)s–%(last)s of %(count)s")
        % {"first": f"{first + 1:,}", "last": f"{last:,}", "count": f"{count:,}"},
        previous=number - 1 if number > 1 else 0,
        next=number + 1 if last < count else 0,
    )


def page_number(given: str) -> int:
    """The number in the query of a URL, whoever wrote it."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 1


def clamp(page: int, count: int, page_size: int = PAGE_SIZE) -> int:
    """The nearest page that there is."""
    return max(1, min(page, -(-count // page_size)))
