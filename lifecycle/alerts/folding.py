"""The alerts of services that depend on others: folded into the one for the dependency that failed (4.3)."""

from __future__ import annotations

from datetime import datetime

from lifecycle.alerts import rows
from lifecycle.core import alerting
from lifecycle.counting import state_row
from lifecycle.models import AlertRule, Episode, ServiceState
from registry import dependencies
from registry.models import Desired, Service


def folded(state: ServiceState) -> bool:
    """Whether it waits for a dependency that a rule looks at, or that a person stopped: then that is enough.

    Nothing is asked of the database for a service that does not wait.
    """
    if not state.held_by:
        return False
    holders = list(Service.objects.listed().filter(name__in=state.held_by.split()))
    if any(holder.desired == Desired.STOPPED for holder in holders):
        return True
    rules = AlertRule.objects.filter(enabled=True).exclude(
        condition__in=[AlertRule.Condition.TOOLS_CHANGED, AlertRule.Condition.MASS_FAILURE]
    )
    return any(rows.covers(rule, holder) for rule in rules for holder in holders)


def waits_for(row: Episode) -> list[str]:
    """The dependencies whose trouble a pending episode is folded into; none for any other."""
    if row.state != Episode.State.PENDING or row.due_at is not None:
        return []
    state = state_row(row.service) if row.service else None
    return state.held_by.split() if state else []


def doubted_until(service: Service, since: datetime | None, now: datetime) -> datetime | None:
    """Until when a dependency may turn out to be the cause; None where that is past, or there is none."""
    until = since and since + alerting.DOUBT
    return until if until and now < until and dependencies.of(service) else None
