"""Fold the alerts of dependent services into the one of the dependency that failed (requirements 4.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import QuerySet

from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate
from lifecycle.models import AlertRule, Episode, ServiceState
from lifecycle.services.counts import state_row
from registry.dependencies import links
from registry.models import Desired, Service


class Folding:
    """Whether services are folded into their dependencies; what they wait for is looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def of(self, state: ServiceState) -> bool:
        """Whether it waits for a dependency that a rule looks at, or that a person stopped.

        Nothing is asked of the database for a service that does not wait.
        """
        if not state.held_by:
            return False
        if state.held_by not in self._known:
            self._known[state.held_by] = _is_told(state.held_by.split())
        return self._known[state.held_by]


def _is_told(names: Collection[str]) -> bool:
    holders = list(Service.objects.listed().filter(name__in=names).select_related("state_row"))
    if any(holder.desired == Desired.STOPPED for holder in holders):
        return True
    return any(
        rule_values.covers(rule, holder) and _tells_of(rule, holder)
        for rule in telling_rules()
        for holder in holders
    )


def telling_rules() -> QuerySet[AlertRule]:
    """Those that tell of outages, and so of a dependency's."""
    other = [AlertRule.Condition.TOOLS_CHANGED, AlertRule.Condition.MASS_FAILURE, *evaluate.MEASURED]
    return AlertRule.objects.filter(enabled=True).exclude(condition__in=other)


def _tells_of(rule: AlertRule, holder: Service) -> bool:
    """An outage and a missing sign-in are told by rules of their own."""
    row = state_row(holder)
    lacks = row is not None and rule_values.lacks_sign_in(row.state, row.error_kind)
    return lacks is (rule.condition == AlertRule.Condition.NEEDS_SIGN_IN)


def waits_for(row: Episode) -> list[str]:
    """The dependencies whose trouble a pending episode is folded into; none for any other."""
    if row.state != Episode.State.PENDING or row.due_at is not None:
        return []
    state = state_row(row.service) if row.service else None
    return state.held_by.split() if state else []


def doubted(since: Mapping[int, datetime | None], now: datetime) -> dict[int, datetime]:
    """By service, until when a dependency may turn out to be the cause, where that is ahead and there is one.

    *since* is when each began not to serve.
    """
    found = {key: evaluate.doubted_until(began, now, depends=True) for key, began in since.items()}
    ahead = {key: until for key, until in found.items() if until}
    needing = links.those_needing(list(ahead)) if ahead else ()
    return {key: until for key, until in ahead.items() if key in needing}
