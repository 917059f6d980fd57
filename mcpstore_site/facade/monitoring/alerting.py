"""`AlertManager`, `AlertRule` and handlers: a program's own rules, beside those that the console keeps."""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from mcpstore_site.facade.monitoring.history import say

if TYPE_CHECKING:
    from mcpstore_site.facade.context import StoreContext
    from mcpstore_site.store import MCPStore

DAY = 24 * 3600.0
OWN_AT_MOST = 10_000
Alert = dict[str, Any]
Handler = Callable[[Alert], object]


class AlertLevel(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


ICONS = {
    AlertLevel.INFO: "ℹ️",
    AlertLevel.WARNING: "⚠️",
    AlertLevel.ERROR: "❌",
    AlertLevel.CRITICAL: "🚨",
}


@dataclass
class AlertRule:
    """Tells *message* when *condition*, given the figures of a service, is true; not again for *cooldown* s.

    The cooldown is of one service: another that fails meanwhile is told of. It is a rule of this program
    and ends with it; one that lasts, and is delivered, is made in the console.
    """

    name: str
    condition: Callable[[Mapping[str, Any]], object]
    level: AlertLevel
    message: str
    cooldown: float = 300
    last_triggered: dict[str, float] = field(default_factory=dict)


class _Words(string.Formatter):
    """Puts values in their places; of a value nothing else can be asked for."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name


def worded(message: str, metrics: Mapping[str, Any]) -> str:
    """The message with the figures in it; as it is where one of them is missing."""
    try:
        return _Words().vformat(message, (), metrics)
    except (KeyError, ValueError, TypeError, IndexError):
        return message


class AlertManager:
    """Asks its rules, and hands what they tell to its handlers.

    With a *store* the console's own alerts are in the history too, and `follow` hands on those that are new.
    """

    def __init__(
        self, store: MCPStore | StoreContext | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store, self._clock = store, clock
        self.rules: list[AlertRule] = []
        self.handlers: list[Handler] = []
        self._own: list[Alert] = []
        self._since, self._followed = clock(), set[int]()

    @property
    def alert_history(self) -> list[Alert]:
        """What was told in the last 24 hours, oldest first."""
        since = self._clock() - DAY
        own = [alert for alert in self._own if alert["timestamp"] >= since]
        return sorted([*own, *self._of_console(DAY)], key=lambda alert: float(alert["timestamp"]))

    def add_rule(self, rule: AlertRule) -> None:
        self.rules.append(rule)

    def add_handler(self, handler: Handler) -> None:
        """Called with each alert: a dict of rule_name, level, message, timestamp, metrics."""
        self.handlers.append(handler)

    def check_alerts(self, metrics: Mapping[str, Any]) -> int:
        """Ask every rule about one service; how many told. A rule that fails is said, and harms no other."""
        told, now = 0, self._clock()
        for rule in self.rules:
            try:
                holds = bool(rule.condition(metrics))
            except Exception as exc:  # a condition is the program's own
                say(f"⚠️ {rule.name}: {type(exc).__name__}: {exc}")
                continue
            if holds and self._may(rule, str(metrics.get("service_name", "")), now):
                self._trigger(_alert(rule, metrics, now))
                told += 1
        return told

    @staticmethod
    def _may(rule: AlertRule, service: str, now: float) -> bool:
        last = rule.last_triggered.get(service)
        if last is not None and 0 <= now - last <= rule.cooldown:
            return False
        rule.last_triggered[service] = now
        return True

    def _trigger(self, alert: Alert) -> None:
        self._own = [*self._own, alert][-OWN_AT_MOST:]
        self._hand_on(alert)

    def _hand_on(self, alert: Alert) -> None:
        for handler in self.handlers:
            try:
                handler(alert)
            except Exception as exc:  # a handler is the program's own
                say(f"⚠️ {getattr(handler, '__name__', 'handler')}: {type(exc).__name__}: {exc}")

    def follow(self) -> int:
        """Hand on what the console told since this manager was made, each once; how many that were."""
        fresh = [
            alert
            for alert in self._of_console(DAY)
            if alert["timestamp"] >= self._since and alert["episode"] not in self._followed
        ]
        for alert in fresh:
            self._followed.add(alert["episode"])
            self._hand_on(alert)
        return len(fresh)

    def _of_console(self, seconds: float) -> list[Alert]:
        if self.store is None:
            return []
        return [_of_row(row) for row in self.store.list_alerts(seconds) if row["fired_at"] is not None]


def _alert(rule: AlertRule, metrics: Mapping[str, Any], now: float) -> Alert:
    return {
        "rule_name": rule.name,
        "level": rule.level,
        "message": worded(rule.message, metrics),
        "timestamp": now,
        "metrics": dict(metrics),
    }


def _of_row(row: Mapping[str, Any]) -> Alert:
    """One of the console's, in the same shape; `episode` is its number there."""
    fired: datetime = row["fired_at"]
    return {
        "rule_name": row["rule"],
        "level": AlertLevel[row["level"]],
        "message": row["summary"],
        "timestamp": fired.timestamp(),
        "metrics": {"service_name": row["service"]},
        "episode": row["id"],
    }


def console_alert_handler(alert: Alert) -> None:
    """A line for whoever runs the program."""
    at = datetime.fromtimestamp(alert["timestamp"]).astimezone()
    level = AlertLevel(alert["level"])
    say(f"{ICONS[level]} [{at:%Y-%m-%d %H:%M:%S}] {level.value.upper()}: {alert['message']}")


def email_alert_handler(alert: Alert) -> None:
    """A mail by the console's enabled email channels: queued here, sent by its worker, kept for 24 hours."""
    from django.utils import timezone

    from lifecycle.alerts.outbox import write

    level = AlertLevel(alert["level"]).name
    if not write.queue_of_program(str(alert["rule_name"]), level, str(alert["message"]), timezone.now()):
        say("⚠️ no mail: the console has no enabled email channel")
