"""The text of an alert on changed tools, from their history: the cooldown joins several changes."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from lifecycle.alerts.outbox.content.story import Story
from lifecycle.core.alerting import messages
from lifecycle.models import AlertRule, ServiceState
from registry.core.contract.compare import Grade
from registry.models import ContractChange

Act = ContractChange.Act
READ_AT_MOST = 200
TOLD = (Act.ADDED, Act.REMOVED, Act.CHANGED, Act.MORE)


def changes(rule: AlertRule, service_id: int, since: datetime) -> QuerySet[ContractChange]:
    """What the rule tells of."""
    rows = ContractChange.objects.filter(service=service_id, kind=ContractChange.Kind.TOOL, at__gte=since)
    told = rows.filter(action__in=TOLD)
    return told.filter(grade=Grade.BREAKING) if rule.breaking_only else told


def story(rule: AlertRule, state: ServiceState, since: datetime) -> Story:
    """The worst changes first, with the sentences that say what changed."""
    rows = list(changes(rule, state.service_id, since).defer("old", "new").order_by("id")[:READ_AT_MOST])
    order = list(Grade)
    rows.sort(key=lambda row: order.index(Grade(row.grade)))
    told = [(row.name, row.grade, [line["text"] for line in row.lines]) for row in rows if row.name]
    more = [line["text"] for row in rows if row.action == Act.MORE for line in row.lines]
    reason = messages.tools_changed(told, more, waiting=any(row.waits for row in rows))
    return Story(state=state.state, reason=reason)
