"""Browsers by what they are shown: all who see the same services in the same words are one view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django.utils.translation import override

from lifecycle.live.socket.client import View
from registry.installation import zones
from registry.models.limits import within

T = TypeVar("T")
Asked = TypeVar("Asked")
Views = dict[View, T]


def by_view(pairs: Iterable[tuple[View, T]]) -> Views[set[T]]:
    """What belongs to each view."""
    found: Views[set[T]] = {}
    for view, one in pairs:
        found.setdefault(view, set()).add(one)
    return found


def each(asked: Mapping[View, Asked], work: Callable[[View, Asked], T]) -> Views[T]:
    """*work* done for each view, within its limits, in its language and its time zone."""
    found: Views[T] = {}
    for view, one in asked.items():
        with within(view.limits, reading=True), override(view.language), zones.within(view.zone):
            found[view] = work(view, one)
    return found
