"""Whose view counts at this moment: what every `Scoped` manager asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from registry.core.scope import EVERYTHING, Limits

T = TypeVar("T")
_found: ContextVar[dict[Hashable, Any] | None] = ContextVar("found", default=None)
_in_force: ContextVar[Callable[[], Limits] | None] = ContextVar("limits", default=None)


def current() -> Limits:
    """The limits of whoever is being answered; outside of a request there are none."""
    found = _in_force.get()
    return found() if found else EVERYTHING


def once(key: Hashable, find: Callable[[], T]) -> T | None:
    """What *find* finds, looked for once while something is only read; None where it may change meanwhile."""
    kept = _found.get()
    if kept is None:
        return None
    if key not in kept:
        kept[key] = find()
    return cast(T, kept[key])


@contextmanager
def asked(find: Callable[[], Limits], *, reading: bool = False) -> Iterator[None]:
    """Until the end of the block these limits hold; they are looked for when first needed.

    *reading*: nothing is written there, so what they leave is looked for once as well.
    """
    tokens = _in_force.set(find), _found.set({} if reading else None)
    try:
        yield
    finally:
        _in_force.reset(tokens[0])
        _found.reset(tokens[1])


@contextmanager
def within(limits: Limits, *, reading: bool = False) -> Iterator[None]:
    """Until the end of the block these limits hold."""
    with asked(lambda: limits, reading=reading):
        yield


@contextmanager
def unlimited() -> Iterator[None]:
    """For what the console does on its own account: it sees all services, and shows nobody any of them."""
    with within(EVERYTHING):
        yield
