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

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import SERVING, State
from lifecycle.models import ServiceState
from lifecycle.monitoring.listed import error_words, sparkline
from lifecycle.monitoring.uptime import presenter as uptime_presenter
from lifecycle.monitoring.uptime.slo import slow_words
from lifecycle.pages import humanize
from lifecycle.pages.queries import FrameFacts
from lifecycle.services import queries, row_facts
from lifecycle.services.bar import presenter as bar_presenter
from lifecycle.services.counts import NEEDS_SIGN_IN
from lifecycle.services.diagnosis.diagnosis import needs_sign_in
from lifecycle.services.diagnosis.remedies import UNSURE, in_short
from lifecycle.services.listing import matches
from lifecycle.services.row_facts import RowFacts
from registry.dependencies import links
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
TAGS_SHOWN = 3
ENDPOINT_SHOWN = 48
TRANSPORT_WORDS = {"stdio": "stdio", "streamable-http": "http", "sse": "sse"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRow:
    """One line of the services list."""

    id: int
    name: str
    url: str
    endpoint: str
    tags: tuple[str, ...]
    state: str
    state_class: str
    state_word: str
    reason: str
    retry_iso: str
    retry_text: str
    beats: SafeString
    spark: SafeString
    response: str
    uptime: str
    coverage: str
    tools: str
    to_approve: str
    transport: str
    since_iso: str
    since_text: str
    matched: str = ""


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


def row_of(service: Service, facts: RowFacts, now: datetime, q: str = "") -> ServiceRow:
    """The line of one service; *q* is what was searched for."""
    stored, state = queries.state_row(service), queries.state_of(service)
    since = stored.state_entered_at if stored else service.created_at
    retry = stored.next_retry_at if stored and state is not State.INITIALIZING else None
    css, word = looks_of(state, stored.error_kind if stored else "")
    endpoint, tags = _fitting(service.endpoint), tuple(str(tag) for tag in service.tags[:TAGS_SHOWN])
    return ServiceRow(
        id=service.pk,
        name=service.name,
        url=reverse("service_detail", args=[service.name]),
        endpoint=endpoint,
        tags=tags,
        state=state.value,
        state_class=css,
        state_word=word,
        reason=_reason(state, stored) or _mark(service, state),
        retry_iso=humanize.iso(retry),
        retry_text=humanize.next_try(retry, now) if retry else "",
        beats=bar_presenter.svg(facts.bar),
        spark=sparkline.svg(facts.response),
        response=humanize.milliseconds(stored.response_ms if stored and state in SERVING else None),
        uptime=uptime_presenter.percent_text(facts.uptime.ratio),
        coverage=uptime_presenter.coverage_in_short(facts.uptime),
        tools=str(stored.tools_count) if stored and stored.tools_refreshed_at else "–",
        to_approve=to_approve(getattr(service, "undecided", 0)),
        transport=TRANSPORT_WORDS.get(service.transport, service.transport),
        since_iso=humanize.brief_iso(since),
        since_text=humanize.ago(since, now),
        matched=matches.words(service, q, facts.found, tags=tags, endpoint=endpoint),
    )


def _fitting(endpoint: str) -> str:
    """No more of an endpoint than the list has room for at any width; its own page has all of it."""
    return endpoint if len(endpoint) <= ENDPOINT_SHOWN else f"{endpoint[: ENDPOINT_SHOWN - 1]}…"


def to_approve(undecided: int) -> str:
    """How many tools wait for somebody to decide; empty for none."""
    words = ngettext("%(n)s tool to approve", "%(n)s tools to approve", undecided)
    return words % {"n": f"{undecided:,}"} if undecided else ""


def _reason(state: State, stored: ServiceState | None) -> str:
    """The few words beside the state: why it is not healthy, whom it waits for, or why it was stopped."""
    if stored is None or state is State.HEALTHY:
        return ""
    if state in (State.DISCONNECTING, State.DISCONNECTED):
        return stored.disconnect_reason
    if stored.held_by:
        return _("waiting for %(names)s") % {"names": links.few(stored.held_by.split())}
    kind = stored.error_kind
    if state is State.UNREACHABLE and needs_sign_in(state, kind):
        return ""  # the badge says it
    if not kind and stored.unsure:
        return str(UNSURE.get(stored.unsure, _("the console itself had a problem")))
    return in_short(kind, stored.error_cause, stored.error_message)


def _mark(service: Service, state: State) -> str:
    """What is remarkable of one that serves: too many errors, or answers slower than usual."""
    return error_words.reason_of(service, state) or slow_words.reason_of(service, state)


def rows_of(services: Sequence[Service], now: datetime, q: str = "") -> list[ServiceRow]:
    """The lines of many services; one query for all their bars, figures, and what *q* was found in."""
    facts = row_facts.of_rows(services, now, q)
    return [row_of(service, facts[service.pk], now, q) for service in services]


def tiles(counts: Mapping[str, int]) -> list[Tile]:
    """The counts in their fixed order."""
    looks = {state.value: (state_class(state), str(word)) for state, word in STATE_WORDS.items()}
    order = [*looks]
    order.insert(order.index(State.UNREACHABLE) + 1, NEEDS_SIGN_IN)
    looks[NEEDS_SIGN_IN] = looks_of(State.UNREACHABLE, Kind.AUTH)
    return [
        Tile(state=key, state_class=looks[key][0], word=looks[key][1], count=counts.get(key, 0))
        for key in order
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Whether a worker watches; without one the page shows old states and says so."""

    live: bool
    text: str
    since_iso: str
    since_text: str


def sign_of(facts: FrameFacts, now: datetime) -> Sign:
    """The sign beside each page's heading."""
    seen = facts.worker_seen_at
    if facts.live:
        text = _("Live")
    elif seen is None:
        text = _("Stale: no worker has run yet")
    else:
        text = _("Stale: no worker")
    silent = seen if seen and not facts.live else None
    return Sign(
        live=facts.live,
        text=text,
        since_iso=humanize.iso(silent),
        since_text=humanize.has_lasted(silent, now) if silent else "",
    )
