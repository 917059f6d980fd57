"""Browsers by what they may see: all who see the same services are one view, rendered once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from registry.core.scope import Limits
from registry.models.limits import within

T = TypeVar("T")
Asked = TypeVar("Asked")
Views = dict[Limits, T]


def by_view(pairs: Iterable[tuple[Limits, T]]) -> Views[set[T]]:
    """What belongs to each view."""
    found: Views[set[T]] = {}
    for limits, one in pairs:
        found.setdefault(limits, set()).add(one)
    return found


def each(asked: Mapping[Limits, Asked], work: Callable[[Asked], T]) -> Views[T]:
    """*work* done for each view, within its limits."""
    found: Views[T] = {}
    for limits, one in asked.items():
        with within(limits, reading=True):
            found[limits] = work(one)
    return found
