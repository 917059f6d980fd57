"""The payload of one message for many alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from lifecycle.alerts.outbox.content import shared
from lifecycle.alerts.outbox.content.payloads import stamp
from lifecycle.core.alerting import digest, subjects
from lifecycle.core.alerting.common_cause import Shared
from lifecycle.core.alerting.digest import Counts
from lifecycle.models import Delivery, Episode

LISTED_AT_MOST = 1000
CONDITION = "group"
Kind = Delivery.Kind


def kind_of(counts: Counts) -> Delivery.Kind:
    """A group is resolved when none of its members fires."""
    return Kind.RESOLVED if counts.over else Kind.FIRING


def counted(rows: Sequence[Delivery]) -> Counts:
    """What is in it, and what still fires of the messages that told its ends' beginnings."""
    kinds = [row.kind for row in rows]
    groups = {row.beginning.group_id for row in rows if row.kind == Kind.RESOLVED and row.beginning}
    told = Delivery.objects.filter(group__in=groups - {None}, kind=Kind.FIRING)
    still = told.exclude(state=Delivery.State.SUPERSEDED).exclude(episode=None)
    return Counts(
        firing=kinds.count(Kind.FIRING),
        resolved=kinds.count(Kind.RESOLVED),
        reminders=kinds.count(Kind.REMINDER),
        still=still.exclude(episode__state=Episode.State.RESOLVED).count() if groups - {None} else 0,
    )


def payload(rows: Sequence[Delivery], counts: Counts, number: int, now: datetime) -> dict[str, Any]:
    """Of *rows* as the message *number*: every member is listed, or linked where there are too many."""
    told = [row.payload["data"] | {"kind": row.kind} for row in rows]
    told.sort(key=lambda data: (data["kind"] == Kind.RESOLVED, -digest.LEVELS.index(data["level"])))
    begins = [data for data in told if data["kind"] != Kind.RESOLVED]
    causes = shared.of(_failing(rows))
    names = list(dict.fromkeys(subjects.named(data) for data in begins or told))
    rules = list(dict.fromkeys(str(data["rule"]) for data in begins or told))
    return {
        "type": f"alert.{kind_of(counts).value}",
        "timestamp": stamp(now),
        "data": {
            "episode": None,
            "rule": rules[0] if len(rules) == 1 else f"{len(rules)} rules",
            "condition": CONDITION,
            "level": digest.worst([str(data["level"]) for data in begins or told]),
            "service": None,
            "state": "serving" if counts.over else "failing",
            "reason": "; ".join(cause.text for cause in causes),
            "since": min(str(data["since"]) for data in told),
            "url": f"{settings.PUBLIC_URL}/alerts/deliveries/{number}/",
            "message": digest.headline(counts, names, rules, [cause.text for cause in causes]),
            "members": [_member(data) for data in told[:LISTED_AT_MOST]],
            "members_count": len(told),
            "firing_count": counts.firing + counts.reminders,
            "resolved_count": counts.resolved,
            "still_firing_count": counts.still,
            "shared": [_shared(cause) for cause in causes],
            "actions": {} if counts.over else {"alerts": f"{settings.PUBLIC_URL}/alerts/"},
        },
    }


def _failing(rows: Sequence[Delivery]) -> set[int]:
    episodes = {row.episode_id for row in rows if row.kind == Kind.FIRING and row.episode_id}
    found = Episode.objects.filter(pk__in=episodes, service__isnull=False)
    return {key for key in found.values_list("service", flat=True) if key is not None}


def _member(data: dict[str, Any]) -> dict[str, Any]:
    names = ("episode", "service", "subject", "rule", "level", "kind", "state", "since", "message")
    was = {"began_as": data["began_as"]} if "began_as" in data else {}
    return {name: data.get(name) for name in names} | was


def _shared(cause: Shared) -> dict[str, Any]:
    return {"kind": cause.what.value, "name": cause.name, "count": cause.count}
