"""API tokens that are in use and expire soon: programs would be shut out without a word."""

from __future__ import annotations

from datetime import datetime, timedelta

from lifecycle.alerts.episodes.subjects.found import Found
from lifecycle.core.alerting import measured
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule
from registry.models import ApiToken

TOLD_AFTER = timedelta(days=7)
"""So long one that has expired is still told of."""


def look(rule: AlertRule, now: datetime) -> Found:
    """One query. Only a rule on everything looks at tokens, which belong to no service."""
    if rule.scope.get("kind", "all") != "all":
        return Found()
    ends = now + timedelta(days=rule.threshold)
    rows = ApiToken.objects.filter(
        expires_at__gt=now - TOLD_AFTER,
        expires_at__lt=ends,
        revoked_at=None,
        last_used_at__isnull=False,
        user__is_active=True,
    )
    return Found(
        true={
            _subject(row): measured.ending_text("it", row.expires_at, now)
            for row in rows.select_related("user")
            if row.expires_at is not None
        }
    )


def _subject(row: ApiToken) -> Subject:
    called = f" “{row.name}”" if row.name else ""
    return Subject(kind=Kind.TOKEN, name=f"{row.hint}…{called} of {row.user.get_username()}"[:200])
