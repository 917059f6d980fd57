"""The head of a service's page: its state, why, since when, what comes next, and what was asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import CONNECTING, SERVING, State
from lifecycle.core.monitoring.uptime import NOTHING
from lifecycle.core.policy.policy import Policy
from lifecycle.models import Command, ServiceState
from lifecycle.pages import humanize
from lifecycle.policies import operations as policy_operations
from lifecycle.services import queries, related, row_facts
from lifecycle.services.diagnosis.advice import Act
from lifecycle.services.diagnosis.diagnosis import Diagnosis, Facts, diagnose
from lifecycle.services.presenter import STATE_WORDS, ServiceRow, row_of
from lifecycle.services.row_facts import RowFacts
from lifecycle.workers import queries as worker_queries
from lifecycle.workers.queue import queries as queue_queries
from registry.models import Desired, Service, Transport

COMMAND_WORDS = {
    Command.Kind.START: lazy("start"),
    Command.Kind.STOP: lazy("stop"),
    Command.Kind.RESTART: lazy("restart"),
    Command.Kind.CHECK: lazy("check now"),
    Command.Kind.RECONNECT: lazy("reconnect now"),
    Command.Kind.REFRESH_TOOLS: lazy("refresh tools"),
    Command.Kind.CALL_TOOL: lazy("call a tool"),
    Command.Kind.REMOVE: lazy("remove"),
    Command.Kind.SET_STATE: lazy("set state"),
    Command.Kind.RESTORE: lazy("restore"),
    Command.Kind.EDIT: lazy("edit"),
    Command.Kind.SIGN_IN: lazy("sign in"),
    Command.Kind.FINISH_SIGN_IN: lazy("complete the sign-in"),
    Command.Kind.SIGN_OUT: lazy("sign out"),
}
REMEMBERED = timedelta(seconds=20)
FAILURE_REMEMBERED = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The latest command of a service, while it is open and for a moment after."""

    id: int
    css: str
    text: str
    open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One line of what is known; `iso` makes it a time that ticks."""

    label: str
    value: str
    iso: str = ""
    full: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceHead:
    """All that `_service_head.html` shows."""

    row: ServiceRow
    since_text: str
    desired: str
    act: str
    diagnosis: Diagnosis
    since: str
    error: str
    error_kind: str
    output: str
    retry_iso: str
    retry_text: str
    down_iso: str
    down_text: str
    facts: list[Fact]
    notes: list[str]
    asked: Asked | None


def asked_of(command: Command, now: datetime) -> Asked | None:
    """What to say of a command; nothing once it is old news."""
    word = _("force stop") if command.force else str(COMMAND_WORDS[Command.Kind(command.kind)])
    named = {"word": word, "who": command.requested_by}
    if command.finished_at is None:
        text = _("Requested: %(word)s, by %(who)s …") % named
        return Asked(id=command.pk, css="", text=text, open=True)
    failed = command.state == Command.State.FAILED
    if now - command.finished_at > (FAILURE_REMEMBERED if failed else REMEMBERED):
        return None
    if failed:
        text = _("Failed: %(word)s. %(error)s") % {**named, "error": command.error}
        return Asked(id=command.pk, css="error", text=text, open=False)
    return Asked(id=command.pk, css="success", text=_("Done: %(word)s") % named, open=False)


def latest_command(service: Service) -> Command | None:
    """The newest command that is not a tool call, and not one of a batch that never had its turn."""
    begun = service.commands.exclude(state__in=[Command.State.PLANNED, Command.State.CANCELLED])
    return begun.exclude(kind=Command.Kind.CALL_TOOL).order_by("-id").first()


def head_of(service: Service, now: datetime) -> ServiceHead:
    """The head of one service; four queries beside the service's own."""
    stored, state = queries.state_row(service), queries.state_of(service)
    command = latest_command(service)
    row = row_of(service, RowFacts(row_facts.bar_of(service.pk, now), NOTHING), now)
    down = stored.not_serving_since if stored and state not in SERVING else None
    facts = facts_of(service, stored, state, now)
    troubled = stored is not None and (state is not State.HEALTHY or stored.consecutive_failures > 0)
    diagnosis = diagnose(facts)
    return ServiceHead(
        row=row,
        since_text=humanize.has_lasted(stored.state_entered_at if stored else service.created_at, now),
        desired=service.desired,
        act=_act(service, row, diagnosis),
        diagnosis=diagnosis,
        since=humanize.clock(stored.state_entered_at if stored else service.created_at, now),
        error=stored.error_message if stored and troubled else "",
        error_kind=stored.error_kind if stored and troubled else "",
        output=_beyond(stored) if stored and troubled else "",
        # Who waits for a turn is not being tried, however long it has been due.
        retry_iso="" if facts.place else row.retry_iso,
        retry_text=row.retry_text,
        down_iso=humanize.iso(down),
        down_text=humanize.has_lasted(down, now) if down else "",
        facts=_facts(stored, now),
        notes=stored.notes.splitlines() if stored and state in SERVING else [],
        asked=asked_of(command, now) if command else None,
    )


def _act(service: Service, row: ServiceRow, diagnosis: Diagnosis) -> str:
    """The one thing to do first, which the page has as its primary button."""
    if service.desired == Desired.STOPPED:
        return Act.START
    if row.state_class == "s-signin":
        return Act.SIGN_IN
    return diagnosis.remedies[0].act if diagnosis.remedies else ""


def _beyond(stored: ServiceState) -> str:
    """What its program printed, where that is more than the reason already says."""
    return stored.error_output if "\n" in stored.error_output else ""


def facts_of(service: Service, stored: ServiceState | None, state: State, now: datetime) -> Facts:
    """What the diagnosis needs to know; up to three small queries."""
    if stored is None:
        return Facts(state=state)
    policy = policy_operations.effective(service)
    due = state in CONNECTING and (stored.next_retry_at is None or stored.next_retry_at <= now)
    place = queue_queries.standing(service.pk, now) if due else None
    resting = related.resting(stored.held_by.split())
    return facts_from(stored, policy, place=place[1] if place else 0, resting=resting)


def facts_from(
    stored: ServiceState, policy: Policy, *, place: int = 0, resting: tuple[str, ...] = ()
) -> Facts:
    """The same of one whose policy is known; no query where its service came along."""
    return Facts(
        state=State(stored.state),
        kind=Kind(stored.error_kind) if stored.error_kind in list(Kind) else None,
        exactly=Cause(stored.error_cause) if stored.error_cause in list(Cause) else None,
        reason=stored.disconnect_reason,
        attempts=stored.reconnect_attempts,
        max_attempts=policy.max_reconnect_attempts,
        restarts=stored.restarts,
        max_restarts=policy.max_restarts,
        interval=policy.health_check_interval,
        failures=stored.consecutive_failures,
        served=stored.last_success_at is not None,
        unsure=stored.unsure,
        place=place,
        program=stored.service.transport == Transport.STDIO,
        held_by=tuple(stored.held_by.split()),
        resting=resting,
    )


def _facts(stored: ServiceState | None, now: datetime) -> list[Fact]:
    if stored is None:
        return [Fact(label=_("Worker"), value=_("not picked up by a worker yet"))]
    server = " ".join(part for part in (stored.server_name, stored.server_version) if part)
    return [
        Fact(label=_("Response time"), value=humanize.milliseconds(stored.response_ms)),
        _moment(_("Last check"), stored.last_ping_at, now),
        _moment(_("Last success"), stored.last_success_at, now),
        _moment(_("Last failure"), stored.last_failure_at, now),
        Fact(label=_("Consecutive failures"), value=str(stored.consecutive_failures)),
        Fact(label=_("Reconnect attempts"), value=str(stored.reconnect_attempts)),
        *([Fact(label=_("Restarts"), value=str(stored.restarts))] if stored.restarts else []),
        Fact(label=_("Server"), value=server or "–"),
        Fact(label=_("Protocol"), value=stored.protocol_version or "–"),
        *([_until(stored.certificate_until, now)] if stored.certificate_until else []),
        Fact(label=_("Worker"), value=worker_queries.holder_of(stored.service_id) or stored.worker or "–"),
    ]


def _until(moment: datetime, now: datetime) -> Fact:
    """The certificate, by its end."""
    text = humanize.until(moment, now) if moment > now else _("expired")
    return Fact(
        label=_("Certificate expires"),
        value=text,
        iso=humanize.iso(moment),
        full=humanize.local(moment),
    )


def _moment(label: str, moment: datetime | None, now: datetime) -> Fact:
    return Fact(
        label=label, value=humanize.ago(moment, now), iso=humanize.iso(moment), full=humanize.local(moment)
    )


def word_of(state: str) -> str:
    """The word for a stored state; empty for none."""
    return str(STATE_WORDS[State(state)]) if state else ""
