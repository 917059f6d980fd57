"""Whether a rule may act on a service by itself (requirements 4.10, within the limits of 2.9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
PER_HOUR = 3
"""So often a service is acted upon within an hour; what that does not cure needs a person."""
MINUTE = timedelta(minutes=1)
ALL_PER_MINUTE = 20
"""So many services are acted upon within a minute; where more fail, the cause lies elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of a service that a rule would act upon.

    `quiet` is what keeps it silent, `asked` what somebody asked for and is under way, `lately` when rules
    acted upon it, `elsewhere` how many acts of rules there were on any service within the last minute.
    `most` and `window` are the restarts that its policy allows.
    """

    stopped: bool
    quiet: str
    asked: str
    mass_failure: bool
    lately: Sequence[datetime]
    elsewhere: int
    most: int
    window: timedelta


def refusal(case: Case, now: datetime) -> str:
    """Why nothing is done; empty where the rule may act."""
    if case.stopped:
        return "a person stopped it"
    if case.quiet:
        return f"it is silenced or in maintenance: {case.quiet}"
    if case.asked:
        return f"{case.asked} is under way"
    if case.mass_failure or case.elsewhere >= ALL_PER_MINUTE:
        return "many services fail at once"
    if _count(case.lately, now - HOUR) >= PER_HOUR:
        return f"it was done {PER_HOUR} times within the last hour, and did not help"
    if _count(case.lately, now - case.window) >= case.most:
        return f"the service's policy allows {case.most} restarts within {case.window.total_seconds():.0f} s"
    return ""


def _count(times: Sequence[datetime], since: datetime) -> int:
    return sum(time > since for time in times)
