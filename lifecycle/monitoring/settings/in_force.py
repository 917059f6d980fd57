"""The options as this process follows them: what the worker asks for each check must cost no query."""

from __future__ import annotations

import logging

from lifecycle.core.monitoring import options
from lifecycle.core.monitoring.options import Options
from lifecycle.monitoring.settings import queries

_now: list[Options] = [options.DEFAULTS]


def get() -> Options:
    """As they were at the last look; the defaults before the first."""
    return _now[0]


def take(found: Options) -> None:
    """Let these count from now on."""
    _now[0] = found
    logging.getLogger().setLevel(found.log_level)


def look() -> Options:
    """Read them and let them count; one small query."""
    take(queries.current())
    return get()
