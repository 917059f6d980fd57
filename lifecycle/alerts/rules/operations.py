"""Rules saved, switched and deleted, with what that means for their open episodes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.alerts import pictures
from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.rules.forms import RuleForm
from lifecycle.core.alerting.messages import NEEDED_BY
from lifecycle.core.reconnection.dependency_wait import BACK
from lifecycle.models import AlertRule, Episode
from registry.access import audit
from registry.models.hidden import replaced

OTHERS = {NEEDED_BY: "", f"{BACK}.*": BACK}
"""Where a message names other services, and what stands there without their names."""


def save(form: RuleForm, *, by: str, now: datetime) -> AlertRule:
    """Write what a valid form says; it applies to open episodes at once."""
    action = "alert-rule.change" if form.about else "alert-rule.add"
    with transaction.atomic():
        before = pictures.of_rule(form.about) if form.about else None
        rule = form.save(now)
        if before and before["scope"] != rule.scope:
            _name_nobody(rule)
        evaluate.reconsider(rule, now, by)
        audit.note(by, action, rule.name, now=now, before=before, after=pictures.of_rule(rule))
    return rule


def _name_nobody(rule: AlertRule) -> None:
    """What is still to be told of open episodes: the names in it were those of the scope before."""
    for row in rule.episodes.exclude(state=Episode.State.RESOLVED).exclude(summary=""):
        Episode.objects.filter(pk=row.pk).update(summary=replaced(row.summary, OTHERS))


def delete(rule: AlertRule, *, by: str, now: datetime) -> None:
    """Its episodes end and go with it; messages that wait are still sent."""
    with transaction.atomic():
        audit.note(by, "alert-rule.delete", rule.name, now=now, before=pictures.of_rule(rule))
        evaluate.retire(rule, now, by)
        rule.delete()
        evaluate.unfold(now)
