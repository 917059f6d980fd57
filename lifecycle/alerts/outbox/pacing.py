"""How messages are grouped now, as the settings of monitoring have it."""

from __future__ import annotations

from datetime import timedelta

from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.monitoring.options import Options
from lifecycle.monitoring.settings import queries as monitoring


def of(options: Options) -> Pacing:
    return Pacing(
        wait=timedelta(seconds=options.alert_group_wait),
        interval=timedelta(seconds=options.alert_group_interval),
    )


def current() -> Pacing:
    """One small query."""
    return of(monitoring.current())
