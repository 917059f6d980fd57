"""Rules saved, switched and deleted, with what that means for their open episodes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.alerts import pictures
from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.rules.forms import RuleForm
from lifecycle.models import AlertRule
from registry.access import audit


def save(form: RuleForm, *, by: str, now: datetime) -> AlertRule:
    """Write what a valid form says; it applies to open episodes at once."""
    action = "alert-rule.change" if form.about else "alert-rule.add"
    with transaction.atomic():
        before = pictures.of_rule(form.about) if form.about else None
        rule = form.save(now)
        evaluate.reconsider(rule, now, by)
        audit.note(by, action, rule.name, now=now, before=before, after=pictures.of_rule(rule))
    return rule


def delete(rule: AlertRule, *, by: str, now: datetime) -> None:
    """Its episodes end and go with it; messages that wait are still sent."""
    with transaction.atomic():
        audit.note(by, "alert-rule.delete", rule.name, now=now, before=pictures.of_rule(rule))
        evaluate.retire(rule, now, by)
        rule.delete()
        evaluate.unfold(now)
