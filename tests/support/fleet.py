"""A service, a rule, a channel, and a clock wound by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.episodes.moves import Move
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.machine.moves import Change
from lifecycle.core.machine.states import SERVING, State
from lifecycle.live.feed import feed
from lifecycle.models import AlertRule, Channel, Command, Delivery, FeedItem, ServiceState
from registry.models import Service

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Fleet:
    """Moves services about as recording does: the row first, then `on_change`."""

    def service(self, name: str = "weather", **fields: Any) -> Service:
        service = Service.objects.create(
            name=name, transport="sse", endpoint="http://x/sse", created_at=NOON, updated_at=NOON, **fields
        )
        ServiceState.objects.create(service=service, state=State.HEALTHY, state_entered_at=NOON)
        return service

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
        row = ServiceState.objects.get(service=service)
        before = State(row.state)
        idle = after in (State.DISCONNECTING, State.DISCONNECTED) and event != "give-up"
        row.not_serving_since = None if after in SERVING or idle else row.not_serving_since or now
        row.state, row.state_entered_at, row.held_by = after, now, held_by
        row.error_kind = "" if after in SERVING or idle else kind
        row.error_message = "" if after in SERVING or idle else why
        row.save()
        fault = None if after in SERVING or idle else Fault(kind=kind, message=why)
        change = Change(before=before, after=after, event=event, reason=why, fault=fault, asked=asked)
        feed.note(FeedItem.Kind.SERVICE, service.pk, now)
        evaluate.on_change(
            [Move(row=ServiceState.objects.select_related("service").get(pk=row.pk), change=change, now=now)]
        )

    def ask(self, service: Service, kind: str, now: datetime, *, desired: str = "running") -> None:
        """As ann does on a page, and the worker takes it up."""
        Service.objects.filter(pk=service.pk).update(desired=desired)
        Command.objects.create(
            service=service, kind=kind, state="taken", requested_by="ann", created_at=now, taken_at=now
        )


@pytest.fixture
def fleet(db: None) -> Fleet:
    evaluate.forget()
    return Fleet()


@pytest.fixture
def log_channel(db: None) -> Channel:
    return Channel.objects.create(name="log", kind="console", sealed="", summary="", created_at=NOON)


def make_rule(*channels: Channel, **fields: Any) -> AlertRule:
    values: dict[str, Any] = {
        "name": "Service down",
        "condition": "state-entered",
        "states": ["RECONNECTING", "UNREACHABLE"],
        "for_seconds": 0,
        "scope": {"kind": "all"},
        "created_at": NOON,
    }
    rule = AlertRule.objects.create(**{**values, **fields})
    rule.channels.set(channels)
    return rule


def sent() -> list[str]:
    """The kinds of the messages, in their order."""
    return list(Delivery.objects.order_by("id").values_list("kind", flat=True))
