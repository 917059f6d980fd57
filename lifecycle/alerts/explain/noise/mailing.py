"""Send last week's noise to the email channels, on Mondays, if the settings of monitoring say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from lifecycle.alerts.explain.noise import figures, weeks
from lifecycle.alerts.explain.noise.figures import RuleNoise
from lifecycle.alerts.explain.noise.weeks import Week
from lifecycle.alerts.outbox.content.payloads import stamp
from lifecycle.alerts.outbox.write import KEPT_TRYING
from lifecycle.core.timing.durations import span
from lifecycle.models import Channel, Delivery
from lifecycle.monitoring.settings import queries as monitoring

LOOK_EVERY = timedelta(minutes=5)
HOUR = time(8)
LATE = timedelta(days=2)
"""Who was not there on Monday sends it until Wednesday, and not later."""
BRIEF = "self-resolved within 2 minutes"
_looked_at: datetime | None = None


def now_and_then(now: datetime) -> int:
    """Queue what is due; how many messages. No query but every few minutes of those days."""
    global _looked_at
    if _looked_at is not None and timedelta(0) <= now - _looked_at < LOOK_EVERY:
        return 0
    _looked_at = now
    week = weeks.of(now)
    due = datetime.combine(week.monday, HOUR, settings.SHOWN_TIME_ZONE).astimezone(UTC)
    if not due <= now < due + LATE or not monitoring.current().alert_noise_report:
        return 0
    return send(week.moved(-1), now)


def send(week: Week, now: datetime) -> int:
    """Once for each channel and week, whatever number of workers asks; how many messages are new."""
    channels = list(Channel.objects.filter(kind="email", enabled=True))
    identities = {channel.pk: uuid5(NAMESPACE_URL, f"noise/{channel.pk}/{week.name}") for channel in channels}
    known = set(Delivery.objects.filter(message_id__in=identities.values()).values_list("channel", flat=True))
    fresh = [channel for channel in channels if channel.pk not in known]
    if not fresh:
        return 0
    payload = {"type": "alert.report", "timestamp": stamp(now), "data": _data(week, figures.of(week))}
    Delivery.objects.bulk_create(
        [
            Delivery(
                message_id=identities[channel.pk],
                channel=channel,
                kind=Delivery.Kind.REPORT,
                payload=payload,
                created_at=now,
                next_attempt_at=now,
                expires_at=now + KEPT_TRYING,
            )
            for channel in fresh
        ],
        ignore_conflicts=True,
    )
    return len(fresh)


def _data(week: Week, found: Sequence[RuleNoise]) -> dict[str, Any]:
    told = [one for one in found if one.noise.sent]
    sent, brief = (sum(getattr(one.noise, name) for one in told) for name in ("sent", "brief"))
    return {
        "episode": None,
        "rule": "Weekly noise report",
        "condition": "report",
        "level": "INFO",
        "service": None,
        "state": "",
        "reason": "",
        "since": stamp(week.begins),
        "url": f"{settings.PUBLIC_URL}/alerts/noise/?week={week.name}",
        "message": f"Alert noise in {week.name}: {sent} sent, {brief} {BRIEF}",
        "members": [_line(one) for one in told],
        "members_count": len(told),
    }


def _line(found: RuleNoise) -> str:
    counted = found.noise
    text = (
        f"{found.rule.name}: {counted.sent} sent, {counted.acknowledged} acknowledged, "
        f"{counted.brief} {BRIEF}"
    )
    if counted.proposed is None or found.hold is None:
        return text
    instead = f"“for” of {span(counted.proposed)} instead of {span(found.hold)}"
    return f"{text}; {instead} would have avoided {counted.spared}"
