"""Events of all services as lines for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.presenter import ENDINGS
from lifecycle.core.machine.states import State
from lifecycle.models import Command, MonitoringGap
from lifecycle.monitoring.events.queries import Event
from lifecycle.pages import humanize
from lifecycle.services.diagnosis.remedies import UNSURE
from lifecycle.services.heading import COMMAND_WORDS
from lifecycle.services.presenter import looks_of
from lifecycle.tools.contracts.badges import ACTS, KINDS, badge_of
from registry.installation import zones
from registry.installation.sentences import mark
from registry.models import ContractChange

KIND_WORDS = {
    "transition": lazy("State changes"),
    "command": lazy("Commands"),
    "configuration": lazy("Configuration"),
    "tools": lazy("Tools"),
    "alert": lazy("Alerts"),
    "worker": lazy("Workers"),
    "gap": lazy("Monitoring gaps"),
}
COMMAND_STATES = {
    Command.State.QUEUED: (lazy("Requested"), "l-info"),
    Command.State.TAKEN: (lazy("In progress"), "l-info"),
    Command.State.DONE: (lazy("Done"), "l-ok"),
    Command.State.FAILED: (lazy("Failed"), "l-bad"),
    Command.State.CANCELLED: (lazy("Cancelled"), "l-rest"),
}
AUDIT_WORDS = {
    "service added": lazy("Service added"),
    "service changed": lazy("Service changed"),
    "service removed": lazy("Service removed"),
    "service restored": lazy("Service restored"),
    "service archived": lazy("Service archived"),
    "policy changed": lazy("Policy changed"),
    "rolled back": lazy("Rolled back"),
    "edited file taken": lazy("Edited mcp.json imported"),
    "edited file replaced": lazy("Edited mcp.json overwritten"),
}
GAP_CAUSES: dict[str, str | Promise] = {
    MonitoringGap.Cause.WORKER: lazy("no worker was running"),
    MonitoringGap.Cause.ASLEEP: lazy("the worker was blocked"),
}
Words = tuple[str, str, str]
"""A badge, its CSS class, and the text beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One event. `url` leads to its moment on the charts of its service."""

    id: str
    place: str
    iso: str
    time: str
    full: str
    badge: str
    css: str
    service: str
    service_url: str
    url: str
    text: str
    tag: str
    who: str


def line_of(event: Event) -> Line:
    """The line of one event."""
    badge, css, text = WORDS[event.source.name](event)
    page = reverse("service_detail", args=[event.service]) if event.service and event.listed else ""
    iso = humanize.iso(event.at)
    return Line(
        id=f"event-{event.source.name}-{event.id}",
        place=str(event.place),
        iso=iso,
        time=clock(event.at),
        full=humanize.local(event.at),
        badge=badge,
        css=css,
        service=event.service,
        service_url=page,
        url=f"{page}?{urlencode({'at': iso})}#charts" if page else "",
        text=text,
        tag=event.fourth if event.source.name == "transition" else "",
        who=event.who,
    )


def clock(moment: datetime) -> str:
    """In the console's time zone, to the second."""
    return f"{moment.astimezone(zones.current()):%Y-%m-%d %H:%M:%S}"


def _transition(event: Event) -> Words:
    css, word = looks_of(State(event.first), event.fourth)
    told = event.third if event.third not in event.second else ""
    return word, css, ". ".join(part.rstrip(".") for part in (event.second, told) if part)


def _command(event: Event) -> Words:
    word, css = COMMAND_STATES.get(Command.State(event.second), ("", "l-rest"))
    what = _("force stop") if event.fourth else str(COMMAND_WORDS[Command.Kind(event.first)])
    text = _("Command: %(word)s") % {"word": what}
    return str(word), css, f"{text}{mark('. ')}{event.third}" if event.third else text


def _configuration(event: Event) -> Words:
    text = str(AUDIT_WORDS.get(event.first, event.first))
    where = "" if event.service and event.listed else event.second
    return _("Configuration"), "l-rest", _named(text, " · ".join(filter(None, (where, event.third))))


def _tools(event: Event) -> Words:
    kind, action = ContractChange.Kind(event.first), ContractChange.Act(event.third)
    badge = badge_of(event.fourth) if event.fourth else None
    what = f"{KINDS[kind]} {event.second}".strip() if event.second else str(KINDS[kind])
    text = f"{what[:1].upper()}{what[1:]}{mark(': ')}{ACTS[action]}"
    return (badge.word, badge.css, text) if badge else (_("Tools"), "l-rest", text)


def _fired(event: Event) -> Words:
    return _("Alert"), "l-bad", _named(event.first, event.third)


def _acknowledged(event: Event) -> Words:
    return _("Acknowledged"), "l-info", _named(event.first, event.third)


def _resolved(event: Event) -> Words:
    return _("Resolved"), "l-ok", _named(event.first, str(ENDINGS.get(event.third, "")))


def _named(what: str, text: str) -> str:
    return f"{what}{mark(': ')}{text}" if text else what


def _started(event: Event) -> Words:
    return _("Worker"), "l-ok", _("Worker started on %(host)s") % {"host": event.first}


def _stopped(event: Event) -> Words:
    return _("Worker"), "l-rest", _("Worker stopped on %(host)s") % {"host": event.first}


def _gap_began(event: Event) -> Words:
    return _("Gap"), "l-rest", _("Monitoring stopped: %(why)s") % {"why": _why(event.first)}


def _gap_ended(event: Event) -> Words:
    return _("Gap"), "l-rest", _("Monitoring resumed. Gap: %(why)s") % {"why": _why(event.first)}


def _why(cause: str) -> str:
    return str(GAP_CAUSES.get(cause) or UNSURE.get(cause, cause))


WORDS: dict[str, Callable[[Event], Words]] = {
    "transition": _transition,
    "command": _command,
    "configuration": _configuration,
    "tools": _tools,
    "alert-fired": _fired,
    "alert-acknowledged": _acknowledged,
    "alert-resolved": _resolved,
    "worker-started": _started,
    "worker-stopped": _stopped,
    "gap-began": _gap_began,
    "gap-ended": _gap_ended,
}
