"""A letter in the body of Prometheus Alertmanager's webhooks, version 4."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.subjects import beside

NOT_ENDED = "0001-01-01T00:00:00Z"
"""Go's zero time, which stands where an alert still fires."""


SEVERITIES = {"CRITICAL": "critical", "ERROR": "critical", "WARNING": "warning"}
"""Receivers know these words, and some stumble over others; our own level is a label of its own."""


def payload(letter: Letter) -> dict[str, Any]:
    """One group of alerts: those that the letter is about."""
    data = letter.payload["data"]
    alerts = [_alert(one, one.payload["data"]) for one in message.each(letter)]
    labels = _shared([alert["labels"] for alert in alerts])
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{data["rule"]}"}}',
        "truncatedAlerts": 0,
        "status": _status(letter),
        "receiver": "mcpstore",
        "groupLabels": {"alertname": data["rule"]},
        "commonLabels": labels,
        "commonAnnotations": _shared([alert["annotations"] for alert in alerts]),
        "externalURL": settings.PUBLIC_URL,
        "alerts": alerts,
    }


def _status(letter: Letter) -> str:
    return "resolved" if letter.kind == "resolved" else "firing"


def _alert(letter: Letter, data: Mapping[str, Any]) -> dict[str, Any]:
    """Known by its labels, so an end has those of its beginning, whatever its rule is called by now."""
    was: Mapping[str, Any] = data.get("began_as") or data
    labels = {
        "alertname": str(was["rule"]),
        "severity": SEVERITIES.get(str(was["level"]), "info"),
        "level": str(was["level"]),
        "service": str(data["service"] or ""),
        "episode": str(data["episode"] or "test"),
    }
    if (other := beside(data)) is not None:
        labels[other.kind.value] = other.name
    labels = {name: value for name, value in labels.items() if value}
    return {
        "status": _status(letter),
        "labels": labels,
        "annotations": {
            "summary": str(data["message"]),
            "description": str(data.get("reason") or ""),
            "state": str(data["state"]),
        },
        "startsAt": data["since"],
        "endsAt": _end(letter, data),
        "generatorURL": data["url"],
        "fingerprint": hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16],
    }


def _end(letter: Letter, data: Mapping[str, Any]) -> str:
    ended = str(letter.payload["timestamp"]) if letter.kind == "resolved" else NOT_ENDED
    return str(data.get("resolved_at") or ended)


def _shared(all_of_them: list[dict[str, str]]) -> dict[str, str]:
    """What is the same in each of them."""
    first, *others = all_of_them
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}
