"""What moved since the last look, so that nothing is asked of what stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from lifecycle.alerts.silences import quiet
from lifecycle.live.feed import feed
from lifecycle.live.feed.feed import Cursor
from lifecycle.models import AlertRule, Command, FeedItem
from lifecycle.monitoring.settings import queries as monitoring
from registry.models import AgentService, RegistryHead

WHOLE_EVERY = timedelta(minutes=10)
"""So often everything is looked at nevertheless."""
MOST = 500
"""When so many services have moved, all are looked at."""
Kind = FeedItem.Kind


@dataclass(frozen=True)
class Seen:
    """Ids of the services that moved, None for all; and whether channels may have something to catch up."""

    services: frozenset[int] | None = None
    telling: bool = True


class Watch:
    """Of one process, in memory; what it has not seen yet it takes for moved."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """As if it had never looked."""
        self._cursor: Cursor | None = None
        self._whole_at: datetime | None = None
        self._rules: Any = None
        self._telling: Any = None
        self._left = Seen(frozenset(), telling=False)

    def again(self, left: Seen) -> None:
        """The next look finds this moved too: not all of it was attended to."""
        self._left = left

    @property
    def unfinished(self) -> bool:
        """Whether not all of what was seen last was attended to."""
        return self._left.services != frozenset() or self._left.telling

    def look(self, now: datetime) -> Seen:
        """A few small queries, however many services there are."""
        left, self._left = self._left, Seen(frozenset(), telling=False)
        moved, rules, telling = self._moved(), _rules(), _telling(now)
        late = self._whole_at is None or not timedelta(0) <= now - self._whole_at < WHOLE_EVERY
        whole = late or moved is None or left.services is None or rules != self._rules
        told_anew = late or left.telling or rules != self._rules or telling != self._telling
        self._rules, self._telling = rules, telling
        if whole:
            self._whole_at = now
        services = None if whole or moved is None or len(moved) > MOST else frozenset(moved)
        return Seen(services, telling=told_anew)

    def _moved(self) -> set[int] | None:
        """By the feed; None where it does not reach back."""
        place = feed.place()
        if self._cursor is None or place < self._cursor.last:
            self._cursor = Cursor(place)
            return None
        items = self._cursor.read()
        moved = {item.ref for item in items if item.kind == Kind.SERVICE}
        if asked := [item.ref for item in items if item.kind == Kind.COMMAND]:
            rows = Command.objects.filter(pk__in=asked, service__isnull=False)
            moved |= {key for key in rows.values_list("service", flat=True) if key is not None}
        return None if 0 in moved else moved


def _rules() -> Any:
    """What decides on levels: the rules, and how far the configuration of services has come."""
    names = ("pk", "enabled", "condition", "scope", "seconds", "for_seconds")
    head = RegistryHead.objects.values_list("revision", flat=True).first()
    rules = list(AlertRule.objects.order_by("pk").values_list(*names))
    by_agent = any(scope.get("kind") == "agents" for *_, scope, _seconds, _hold in rules)
    return rules, head, list(_of_agents()) if by_agent else ()


def _of_agents() -> QuerySet[AgentService, tuple[str, str]]:
    return AgentService.objects.order_by("pk").values_list("agent__name", "service_name")


def _telling(now: datetime) -> Any:
    """What decides on who is told: rules' channels, silences, and whether anything is told at all."""
    through = AlertRule.channels.through.objects.filter(channel__enabled=True).order_by("pk")
    pairs = list(through.values_list("alertrule", "channel"))
    return pairs, quiet.marks(now), monitoring.current().alerts_enabled
