"""Letters as the outbox hands them to senders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.letter import Letter
from tests.support.fleet import NOON

MESSAGE, BEGINNING = UUID(int=7), UUID(int=6)
DATA: Mapping[str, Any] = {
    "episode": 7,
    "rule": "Service down",
    "level": "ERROR",
    "service": "weather",
    "state": "RECONNECTING",
    "reason": "<b>refused</b> & réseau",
    "since": "2026-11-21T12:00:00.000Z",
    "url": "http://console.example.org:8000/services/weather/",
    "message": "weather is RECONNECTING: <b>refused</b>",
}
END: Mapping[str, Any] = {
    "state": "HEALTHY",
    "message": "weather serves again after 3 min",
    "resolved_at": "2026-11-21T12:03:00.000Z",
}


def letter(config: Config, kind: str = "firing", **data: Any) -> Letter:
    """Of the kind, with *data* in place of the usual; an end has its beginning."""
    ended = kind == "resolved"
    return Letter(
        message_id=MESSAGE,
        thread=BEGINNING if ended else None,
        began={"data": {**DATA}} if ended else None,
        kind=kind,
        payload={
            "type": f"alert.{kind}",
            "timestamp": "2026-11-21T12:00:00.000Z",
            "data": {
                **DATA,
                **(END if ended else {}),
                **({"episode": None} if kind == "test" else {}),
                **data,
            },
        },
        config=config,
        now=NOON,
    )
