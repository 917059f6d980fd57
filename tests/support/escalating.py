"""A rule that escalates: its channels, and what is, or was, sent through them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery, Episode
from lifecycle.monitoring.settings import change as settings
from registry.models import Role
from tests.support.fleet import Fleet, at, make_rule
from tests.support.posting import make_channel

EACH_ALONE = Pacing(wait=timedelta(0), interval=timedelta(0))


def steps(*found: tuple[int, list[Channel]], repeat: int = 0) -> list[dict[str, Any]]:
    return [
        {"wait": wait, "channels": [one.pk for one in channels], "repeat": repeat} for wait, channels in found
    ]


class Tower:
    """A rule that tells `first`, then `phone` after 5 minutes, then `boss` after 10 more."""

    def __init__(self, fleet: Fleet, **fields: Any) -> None:
        settings.change({"alert_group_wait": 0}, by="ann", role=Role.ADMIN, now=at(-60))
        self.fleet, self.service = fleet, fleet.service()
        self.first, self.phone, self.boss = (make_channel(name) for name in ("first", "phone", "boss"))
        fields.setdefault("steps", steps((300, [self.phone]), (600, [self.boss])))
        self.rule = make_rule(self.first, **fields)

    def fails(self, second: float = 0) -> Episode:
        self.fleet.move(self.service, S.UNREACHABLE, at(second))
        return Episode.objects.latest("pk")

    def recovers(self, second: float) -> None:
        self.fleet.move(self.service, S.HEALTHY, at(second), event="connected")


@pytest.fixture
def tower(fleet: Fleet) -> Tower:
    evaluate._swept_at = None
    return Tower(fleet)


def told() -> list[str]:
    """What is, or was, to be sent, in order."""
    rows = Delivery.objects.exclude(state="superseded").order_by("pk")
    return [f"{row.kind} {row.channel.name}" for row in rows.select_related("channel")]


def pass_time(*seconds: float) -> None:
    for second in seconds:
        evaluate.tick(at(second))


def deliver(now: datetime, *, ok: bool = True, gone: bool = False) -> list[str]:
    """All channels take, or refuse, what is due; what went out, sorted."""
    found = []
    for number in queue.due_channels(now, EACH_ALONE):
        while (row := queue.take(number, now, EACH_ALONE)) is not None:
            found.append(f"{row.kind} {row.channel.name}")
            queue.settle(row, Outcome(ok=ok, answer="…", took=timedelta(0), gone=gone), now, 0.5)
    return sorted(found)
