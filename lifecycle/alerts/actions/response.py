"""What a rule does by itself about the service that it fired for, and what came of it (requirements 4.10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.alerts.outbox import write
from lifecycle.alerts.silences import quiet
from lifecycle.alerts.silences.quiet import Quiet
from lifecycle.core.reconnection import automatic
from lifecycle.core.reconnection.automatic import Case
from lifecycle.models import AlertRule, Command, Episode, EpisodeNote, MassFailure
from lifecycle.operations import commands
from lifecycle.policies import operations as policies
from registry.errors import NotPossibleError, ServiceNotFoundError
from registry.models import Desired, Service

Response = AlertRule.Response
DOING = {
    Response.RESTART: "restarts it",
    Response.RECONNECT: "reconnects it",
    Response.STOP: "stops it",
}
DONE = {Response.RESTART: "restarted", Response.RECONNECT: "reconnected", Response.STOP: "stopped"}
WAITS = timedelta(seconds=60)
"""How long the service has to serve again after it, before people are told that it did not help."""
OPEN = (Command.State.QUEUED, Command.State.TAKEN)


def respond(begun: Sequence[Episode], now: datetime) -> None:
    """Do what the rules of these episodes say, which fire now, where they may; the rows say what was done."""
    rows = [row for row in begun if row.rule.response and row.service is not None]
    if not rows:
        return
    hush, mass = quiet.now_is(now), MassFailure.objects.filter(open=True).exists()
    for row in rows:
        assert row.service is not None
        why = automatic.refusal(_case(row.service, row, hush, mass, now), now)
        _note(row, _act(row, row.service, now) if not why else f"Not {_done(row)} automatically: {why}", now)


def _done(row: Episode) -> str:
    return DONE[Response(row.rule.response)]


def _case(service: Service, row: Episode, hush: Quiet, mass: bool, now: datetime) -> Case:
    reason = hush.why(row)
    under_way = service.commands.filter(state__in=OPEN).exclude(kind=Command.Kind.CALL_TOOL).first()
    acted = Episode.objects.filter(responded__isnull=False)
    policy = policies.rows().policy(service.pk, service.profile, service.priority)
    return Case(
        stopped=Service.objects.filter(pk=service.pk, desired=Desired.STOPPED).exists(),
        quiet=reason.text if reason else "",
        asked=f"“{under_way.kind}” by {under_way.requested_by}" if under_way else "",
        mass_failure=mass,
        lately=list(acted.filter(service=service).values_list("responded__created_at", flat=True)),
        elsewhere=acted.filter(responded__created_at__gt=now - automatic.MINUTE).count(),
        most=policy.max_restarts,
        window=policy.restart_window,
    )


def _act(row: Episode, service: Service, now: datetime) -> str:
    by = f"rule “{row.rule.name}”"[:150]
    try:
        row.responded = commands.request(row.rule.response, service.name, by=by, now=now)
    except (NotPossibleError, ServiceNotFoundError) as exc:
        return f"Not {_done(row)} automatically: {exc}"
    return f"The console {DOING[Response(row.rule.response)]}, as the rule says"


def _note(row: Episode, text: str, now: datetime) -> None:
    row.response = text[:300]
    Episode.objects.filter(pk=row.pk).update(response=row.response, responded=row.responded)
    EpisodeNote.objects.create(episode=row, kind=EpisodeNote.Kind.RESPONSE, text=row.response, at=now)


def report(now: datetime, at_once: int) -> int:
    """Tell people where the response did not help; where it did, the end says so. How many messages."""
    over = Episode.objects.filter(
        state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED],
        responded__finished_at__lte=now - WAITS,
        response_over=False,
    )
    rows = list(over.select_related("rule", "service__state_row", "responded")[:at_once])
    hush, told = quiet.now_is(now), 0
    for row in [row for row in rows if hush.why(row) is None]:
        text = _came_of(row)
        if Episode.objects.filter(pk=row.pk, response_over=False).update(response_over=True, response=text):
            row.response = text
            EpisodeNote.objects.create(episode=row, kind=EpisodeNote.Kind.RESPONSE, text=text, at=now)
            if row.state == Episode.State.FIRING:
                told += write.queue_reminder(row, now, text)
    return told


def _came_of(row: Episode) -> str:
    command, done = row.responded, _done(row).capitalize()
    if command is not None and command.state != Command.State.DONE:
        return f"Not {_done(row)}: {command.error or command.state}"[:300]
    return f"{done} automatically, which did not help"
