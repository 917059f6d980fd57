"""Timestamps of last use: written if that is done at once. No read waits for one or fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)
PATIENCE = 0.1


def note(write: Callable[[], int]) -> bool:
    """Whether *write* changed a row; False also if the database is busy or its disk is full."""
    try:
        with _briefly():
            return write() > 0
    except DatabaseError as exc:
        logger.debug("a mark was left out: %s", exc)
        return False


@contextmanager
def _briefly() -> Iterator[None]:
    """A transaction that waits for no lock longer than a moment."""
    if connection.vendor == "sqlite":
        with connection.impatient(PATIENCE), transaction.atomic():  # type: ignore[attr-defined]
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE * 1000:.0f}")
        yield
