"""When a rule may act upon a service by itself, and what it says where it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.reconnection import automatic
from lifecycle.core.reconnection.automatic import Case

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FREE = Case(
    stopped=False,
    quiet="",
    asked="",
    mass_failure=False,
    lately=(),
    elsewhere=0,
    most=3,
    window=timedelta(minutes=10),
)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=minute) for minute in minutes]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"stopped": True}, "a person stopped it"),
        ({"quiet": "patch day"}, "it is silenced or in maintenance: patch day"),
        ({"asked": "“restart” by ann"}, "“restart” by ann is under way"),
        ({"mass_failure": True}, "many services fail at once"),
        ({"elsewhere": 19}, ""),
        ({"elsewhere": 20}, "many services fail at once"),
        ({"lately": ago(1, 30)}, ""),
        ({"lately": ago(1, 30, 59)}, "it was done 3 times within the last hour, and did not help"),
        ({"lately": ago(1, 30, 60)}, ""),
        ({"most": 1, "lately": ago(9)}, "the service's policy allows 1 restarts within 600 s"),
        ({"most": 1, "lately": ago(10)}, ""),
        ({"most": 0}, "the service's policy allows 0 restarts within 600 s"),
    ],
)
def test_each_limit_and_what_is_said_of_it(changed: dict[str, Any], why: str) -> None:
    assert automatic.refusal(replace(FREE, **changed), NOW) == why
