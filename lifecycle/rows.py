"""Rows, tiles and the sign of life as the templates want them: every string is made here, in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from lifecycle import heartbeat, reading, wording
from lifecycle.chrome import Chrome
from lifecycle.core.health import Kind
from lifecycle.core.states import SERVING, State
from lifecycle.diagnosis import needs_sign_in
from lifecycle.models import ServiceState
from lifecycle.remedies import IN_SHORT
from registry import dependencies
from registry.models import Service

STATE_WORDS = {
    State.HEALTHY: lazy("Healthy"),
    State.WARNING: lazy("Warning"),
    State.RECONNECTING: lazy("Reconnecting"),
    State.UNREACHABLE: lazy("Unreachable"),
    State.INITIALIZING: lazy("Initializing"),
    State.DISCONNECTING: lazy("Disconnecting"),
    State.DISCONNECTED: lazy("Disconnected"),
}
TRANSPORT_WORDS = {"stdio": "stdio", "streamable-http": "http", "sse": "sse"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRow:
    """One line of the services list."""

    id: int
    name: str
    url: str
    endpoint: str
    state: str
    state_class: str
    state_word: str
    trouble: str
    retry_iso: str
    retry_text: str
    beats: SafeString
    response: str
    tools: str
    to_approve: str
    transport: str
    since_iso: str
    since_text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One count above the list; it is a filter too."""

    state: str
    state_class: str
    word: str
    count: int


def state_class(state: State) -> str:
    """The class that gives a state its colour and shape."""
    return f"s-{state.lower()}"


def looks_of(state: State, kind: str) -> tuple[str, str]:
    """The class and the word of a state; one that only lacks a token is not shown as down."""
    if state is State.UNREACHABLE and needs_sign_in(state, kind):
        return "s-signin", _("Needs sign-in")
    return state_class(state), str(STATE_WORDS[state])


def row_of(service: Service, levels: Sequence[int], now: datetime) -> ServiceRow:
    """The line of one service."""
    stored, state = reading.state_row(service), reading.state_of(service)
    since = stored.state_entered_at if stored else service.created_at
    retry = stored.next_retry_at if stored and state is not State.INITIALIZING else None
    css, word = looks_of(state, stored.error_kind if stored else "")
    return ServiceRow(
        id=service.pk,
        name=service.name,
        url=reverse("service_detail", args=[service.name]),
        endpoint=service.endpoint,
        state=state.value,
        state_class=css,
        state_word=word,
        trouble=_trouble(state, stored),
        retry_iso=wording.iso(retry),
        retry_text=wording.next_try(retry, now) if retry else "",
        beats=heartbeat.svg(levels),
        response=wording.milliseconds(stored.response_ms if stored and state in SERVING else None),
        tools=str(stored.tools_count) if stored and stored.tools_refreshed_at else "–",
        to_approve=to_approve(getattr(service, "undecided", 0)),
        transport=TRANSPORT_WORDS.get(service.transport, service.transport),
        since_iso=wording.brief_iso(since),
        since_text=wording.ago(since, now),
    )


def to_approve(undecided: int) -> str:
    """How many tools wait for somebody to decide; empty for none."""
    words = ngettext("%(n)s tool to approve", "%(n)s tools to approve", undecided)
    return words % {"n": f"{undecided:,}"} if undecided else ""


def _trouble(state: State, stored: ServiceState | None) -> str:
    if stored is None or state is State.HEALTHY:
        return ""
    if state in (State.DISCONNECTING, State.DISCONNECTED):
        return stored.disconnect_reason
    if stored.held_by:
        return _("waiting for %(names)s") % {"names": dependencies.few(stored.held_by.split())}
    kind = stored.error_kind
    if state is State.UNREACHABLE and needs_sign_in(state, kind):
        return ""  # the badge says it
    return str(IN_SHORT[Kind(kind)]) if kind in list(Kind) else kind


def rows_of(services: Sequence[Service], now: datetime) -> list[ServiceRow]:
    """The lines of many services; one query for all their bars."""
    levels = reading.last_levels([service.pk for service in services])
    return [row_of(service, levels[service.pk], now) for service in services]


def tiles(counts: Mapping[str, int]) -> list[Tile]:
    """The counts in their fixed order."""
    return [
        Tile(state=state.value, state_class=state_class(state), word=str(word), count=counts.get(state, 0))
        for state, word in STATE_WORDS.items()
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Whether a worker watches; without one the page shows old states and says so."""

    live: bool
    text: str
    since_iso: str
    since_text: str


def sign_of(chrome: Chrome, now: datetime) -> Sign:
    """The sign beside each page's heading."""
    seen = chrome.worker_seen_at
    if chrome.live:
        text = _("Live")
    elif seen is None:
        text = _("Stale: no worker has run yet")
    else:
        text = _("Stale: worker silent since")
    silent = seen if seen and not chrome.live else None
    return Sign(
        live=chrome.live,
        text=text,
        since_iso=wording.iso(silent),
        since_text=wording.ago(silent, now) if silent else "",
    )
