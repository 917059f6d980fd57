"""A fleet whose moves are on record, as a worker writes them, and a live replay second by second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import SERVING, State
from lifecycle.models import Delivery, StateChange
from registry.models import Service
from tests.support.fleet import NOON, Fleet

LOST = {State.RECONNECTING, State.UNREACHABLE, State.INITIALIZING}


class Recorded(Fleet):
    """Each move leaves its line in the history."""

    def service(self, name: str = "weather", **fields: Any) -> Service:
        made = super().service(name, **fields)
        self._line(made, "", State.HEALTHY, NOON - timedelta(days=1), "connected", "", "")
        return made

    def move(
        self,
        service: Service,
        after: State,
        now: datetime,
        *,
        event: str = "lost",
        why: str = "refused",
        held_by: str = "",
        kind: Kind = Kind.REFUSED,
        asked: bool = False,
    ) -> None:
        failed = after not in SERVING and not asked and after in {*LOST, State.DISCONNECTED}
        before = StateChange.objects.filter(service=service).order_by("-id").values_list("after", flat=True)
        told = kind.value if failed and event != "closed" else ""
        self._line(service, before.first() or "", after, now, event, why, told)
        super().move(service, after, now, event=event, why=why, held_by=held_by, kind=kind, asked=asked)

    def _line(
        self, service: Service, before: str, after: State, now: datetime, event: str, why: str, kind: str
    ) -> None:
        StateChange.objects.create(
            service=service,
            before=before,
            after=after.value,
            event=event,
            reason=why,
            error_kind=kind,
            error_message=why if kind else "",
            at=now,
        )


class Live:
    """What runs in a worker, second by second; `sent` is (seconds, channel, kind, how many)."""

    def __init__(self, pacing: Pacing | None = None) -> None:
        evaluate.forget()
        self.pacing = pacing or Pacing()
        self.sent: list[tuple[float, str, str, int]] = []

    def second(self, now: datetime) -> None:
        evaluate.tick(now)
        for number in queue.due_channels(now, self.pacing):
            while (found := queue.take(number, now, self.pacing)) is not None:
                self._note(found, now)
                queue.settle(found, Outcome(ok=True, answer="taken", took=timedelta(0)), now, 0.5)

    def _note(self, found: Delivery, now: datetime) -> None:
        many = found.payload["data"].get("members_count", 1)
        self.sent.append(((now - NOON).total_seconds(), found.channel.name, found.kind, many))


@pytest.fixture
def fleet(db: None) -> Recorded:
    return Recorded()


@pytest.fixture(autouse=True)
def swept_anew() -> Iterator[None]:
    evaluate.forget()
    yield
    evaluate.forget()
