"""Whose view counts at this moment: what every `Scoped` manager asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from registry.core.scope import EVERYTHING, Limits

_in_force: ContextVar[Callable[[], Limits] | None] = ContextVar("limits", default=None)


def current() -> Limits:
    """The limits of whoever is being answered; outside of a request there are none."""
    found = _in_force.get()
    return found() if found else EVERYTHING


@contextmanager
def asked(find: Callable[[], Limits]) -> Iterator[None]:
    """Until the end of the block these limits hold; they are looked for when first needed."""
    token = _in_force.set(find)
    try:
        yield
    finally:
        _in_force.reset(token)


@contextmanager
def within(limits: Limits) -> Iterator[None]:
    """Until the end of the block these limits hold."""
    with asked(lambda: limits):
        yield


@contextmanager
def unlimited() -> Iterator[None]:
    """For what the console does on its own account: it sees all services, and shows nobody any of them."""
    with within(EVERYTHING):
        yield
