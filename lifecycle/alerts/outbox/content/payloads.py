"""The data of messages, as they stand in the outbox and go to receivers."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from lifecycle.alerts.outbox.content.story import Story
from lifecycle.core.alerting import messages, subjects
from lifecycle.core.alerting.evaluate import MEASURED, Ending
from lifecycle.core.alerting.subjects import Subject
from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Episode
from lifecycle.services.diagnosis.diagnosis import Facts, diagnose

TOOLS_CHANGED = AlertRule.Condition.TOOLS_CHANGED
STATES = frozenset(state.value for state in State)
DEPENDENTS_NAMED = 20


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def service_url(name: str) -> str:
    return f"{settings.PUBLIC_URL}/services/{name}/"


def url_of(subject: Subject) -> str:
    """Where one sees more of it."""
    match subject.kind:
        case subjects.Kind.SERVICE:
            return service_url(subject.name)
        case subjects.Kind.FLEET:
            return f"{settings.PUBLIC_URL}/services/?sort=failing"
        case subjects.Kind.WORKER | subjects.Kind.HOST:
            return f"{settings.PUBLIC_URL}/settings/workers/"
        case subjects.Kind.TOKEN:
            return f"{settings.PUBLIC_URL}/alerts/"


def _common(row: Episode, story: Story) -> dict[str, Any]:
    return {
        "episode": row.pk,
        "rule": row.rule.name,
        "condition": row.rule.condition,
        "level": row.rule.level,
        "service": row.service.name if row.service else None,
        "subject": {"kind": row.subject.kind.value, "name": row.subject.name},
        "state": story.state,
        "reason": story.reason,
        "since": stamp(row.opened_at),
        "url": url_of(row.subject),
    } | ({"needs": "sign-in"} if story.sign_in else {})


def beginning_of(row: Episode, story: Story, fired_at: datetime) -> dict[str, Any]:
    """What a message says that it fires."""
    return {
        **_common(row, story),
        "message": row.summary,
        "fired_at": stamp(fired_at),
        "dependents": list(story.needed_by[:DEPENDENTS_NAMED]),
        "dependents_count": len(story.needed_by) + story.needed_beside,
        "next_try": stamp(story.next_try) if story.next_try else None,
        "response": row.response,
        **_helps(row, story),
    }


def _helps(row: Episode, story: Story) -> dict[str, Any]:
    """The likely cause and what a person can do, as the service's page has them."""
    if story.state not in STATES or row.rule.condition == TOOLS_CHANGED:
        return {"cause": "", "advice": []}
    cause, advice = _diagnosed(story.state, story.kind, story.cause, get_language())
    return {"cause": cause, "advice": list(advice)}


@lru_cache(maxsize=256)
def _diagnosed(state: str, kind: str, cause: str, language: str | None) -> tuple[str, tuple[str, ...]]:
    """Of a storm all have the same."""
    known = Kind(kind) if kind in list(Kind) else None
    exactly = Cause(cause) if cause in list(Cause) else None
    told = diagnose(Facts(state=State(state), kind=known, exactly=exactly))
    return told.cause, tuple(told.todo) if known else ()


def end_of(row: Episode, story: Story, now: datetime) -> dict[str, Any]:
    end = messages.End(
        subject=row.subject,
        state=story.state,
        rule=row.rule.name,
        ending=Ending(row.ending),
        by=row.ended_by,
        lasted=now - row.opened_at,
        measured=row.rule.condition in MEASURED,
    )
    return {
        **_common(row, story),
        "message": messages.ended(end),
        "ending": row.ending,
        "ended_by": row.ended_by,
        "resolved_at": stamp(now),
        "lasted_s": round(end.lasted.total_seconds(), 3),
    }


def of_test(channel: Channel, by: str, now: datetime) -> dict[str, Any]:
    """What somebody sends to try a channel."""
    return {
        "episode": None,
        "rule": "Test",
        "level": "INFO",
        "service": "example",
        "state": "HEALTHY",
        "reason": f"sent by {by} to try this channel",
        "since": stamp(now),
        "url": f"{settings.PUBLIC_URL}/alerts/channels/",
        "message": f"Test message for the channel {channel.name}, sent by {by}. No action is needed.",
    }


def of_program(rule: str, level: str, text: str, now: datetime) -> dict[str, Any]:
    """What a program tells by rules of its own."""
    return {
        "episode": None,
        "rule": rule,
        "condition": "report",
        "level": level,
        "service": None,
        "state": "",
        "reason": "",
        "since": stamp(now),
        "url": f"{settings.PUBLIC_URL}/alerts/",
        "message": text,
    }
