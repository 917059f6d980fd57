"""What is on record of one alert, or of its absence, for `core.alerting.explain.why`; a few queries each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q

from lifecycle.alerts.episodes import folding
from lifecycle.alerts.explain import courses, past
from lifecycle.alerts.explain.past import Hush, Record
from lifecycle.alerts.rules import values as rule_values
from lifecycle.core.alerting import evaluate, subjects
from lifecycle.core.alerting.evaluate import Phase, Situation
from lifecycle.core.alerting.explain import replay, telling, verdict, why
from lifecycle.core.alerting.explain.course import Seen, course
from lifecycle.core.alerting.explain.replay import Stepped
from lifecycle.core.alerting.explain.why import Facts, Line, Sent, Way, What
from lifecycle.core.alerting.measured import FLAPPING_WITHIN
from lifecycle.core.alerting.subjects import Kind
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery, Episode, EpisodeNote
from lifecycle.monitoring.settings import queries as monitoring
from registry.models import AuditEntry, Desired, Service

Condition = AlertRule.Condition
MOMENT = timedelta(milliseconds=1)
EPISODES_AT_MOST, HUSHES_AT_MOST, STEPS_AT_MOST = 50, 20, 200
MAY_CONCERN = frozenset({Kind.SERVICE, Kind.FLEET})
"""Of these a service's own page tells why there was an alert or none."""
NOTES = {
    EpisodeNote.Kind.SILENCED: What.SILENCED,
    EpisodeNote.Kind.MAINTENANCE: What.MAINTENANCE,
    EpisodeNote.Kind.FLAPPING: What.FLAPPING,
    EpisodeNote.Kind.NOTE: What.NOTE,
}


@dataclass(frozen=True, kw_only=True)
class Absence:
    """One rule, and what it made of the service; `verdict` is the line that says most."""

    rule: AlertRule
    lines: Sequence[Line]
    fired: int

    @property
    def verdict(self) -> Line:
        return verdict.verdict(self.lines)


def of_episode(row: Episode, now: datetime) -> list[Line]:
    """What decided over this one; *row* comes with its rule and service."""
    rule = rule_values.rule_of(row.rule)
    waiting = folding.waits_for(row)
    return why.of_episode(
        Facts(
            rule=rule,
            episode=rule_values.episode_of(row),
            steps=_steps_of(row, rule, now),
            notes=list(_notes(row)),
            sent=[_sent(told) for told in row.deliveries.select_related("channel", "group")],
            ways=_ways(row.rule.channels.all()),
            acknowledged=(row.acknowledged_at, row.acknowledged_by) if row.acknowledged_at else None,
            resolved=(row.resolved_at, row.ended_by) if row.resolved_at else None,
            summary=row.summary,
            alerts_on=monitoring.current().alerts_enabled,
            folded_into=", ".join(waiting),
            reminds_at=_reminds_at(row),
        ),
        now,
    )


def _reminds_at(row: Episode) -> datetime | None:
    last = row.reminded_at or row.fired_at
    return telling.next_reminder(last, timedelta(seconds=row.rule.reminder_seconds)) if last else None


def _steps_of(row: Episode, rule: evaluate.Rule, now: datetime) -> list[Stepped]:
    """The evaluator over what is on record of its stretch, with the cooldown of the one before."""
    if row.service_id is None:
        return []
    until = (row.resolved_at or now) + MOMENT
    earlier = Episode.objects.filter(rule=row.rule_id, service=row.service_id, fired_at__lte=row.opened_at)
    last = earlier.exclude(pk=row.pk).order_by("-fired_at").values_list("fired_at", flat=True).first()
    if row.rule.condition not in courses.BY_STATE:
        measured = None if row.rule.condition == Condition.TOOLS_CHANGED else True
        here = Situation(state=State.HEALTHY, not_serving_since=None, measured=measured)
        seen = [Seen(at=row.opened_at, here=replace(here, tools_changed=True, tools_broken=True))]
        return list(replay.run(rule, seen, until, last_fired=last))
    record = past.read([row.service_id], row.opened_at, until)
    seen = course(record.moves.get(row.service_id, []), record.held.get(row.service_id, []))
    done = replay.run(rule, seen, until, last_fired=last, depends=record.depends(row.service_id))
    return [step for step in done if step.after.opened_at >= row.opened_at - MOMENT][:STEPS_AT_MOST]


def _notes(row: Episode) -> Iterator[Line]:
    for note in EpisodeNote.objects.filter(episode=row):
        if (what := NOTES.get(EpisodeNote.Kind(note.kind))) is not None:
            yield Line(at=note.at, what=what, text=note.text, by=note.by)


def _sent(row: Delivery) -> Sent:
    return Sent(
        channel=row.channel.name,
        notice=row.kind,
        state=row.state,
        created=row.created_at,
        due=row.next_attempt_at,
        delivered=row.delivered_at,
        attempts=row.attempts,
        answer=row.answer,
        joined=row.group_id is not None,
    )


def _ways(channels: Iterable[Channel]) -> list[Way]:
    return [
        Way(
            name=row.name,
            enabled=row.enabled,
            reason=row.disabled_reason,
            paused=row.quiet_until,
        )
        for row in channels
    ]


def absences(
    service: Service, since: datetime, now: datetime, rules: Sequence[AlertRule] | None = None
) -> list[Absence]:
    """For each rule what it made of this service since then, and why."""
    asked = rules if rules is not None else AlertRule.objects.prefetch_related("channels").order_by("name")
    every = [rule for rule in asked if subjects.about(evaluate.Condition(rule.condition)) & MAY_CONCERN]
    record = past.read([service.pk], since - FLAPPING_WITHIN, now)
    hushes = past.hushes(since, now)
    switched = _switched([rule.name for rule in every if not rule.enabled])
    episodes = list(
        Episode.objects.filter(
            Q(service=service) | Q(subject_kind=Kind.FLEET), opened_at__lt=now, rule__in=every
        )
        .exclude(resolved_at__lt=since)
        .order_by("-pk")[:EPISODES_AT_MOST]
    )
    alerts_on = monitoring.current().alerts_enabled
    found = []
    for rule in every:
        own = [row for row in episodes if row.rule_id == rule.pk]
        lines = list(_bars(rule, service, now, alerts_on, switched))
        if rule_values.covers(rule, service):
            lines += _lines(rule, service, record, own, hushes, since, now)
        found.append(Absence(rule=rule, lines=lines, fired=sum(row.fired_at is not None for row in own)))
    return found


def _switched(names: Sequence[str]) -> dict[str, AuditEntry]:
    """Who switched these rules off last, as far as the audit log goes."""
    rows = AuditEntry.objects.filter(action="alert-rule.disable", target__in=names).order_by("id")
    return {row.target: row for row in rows} if names else {}


def _bars(
    rule: AlertRule, service: Service, now: datetime, alerts_on: bool, switched: dict[str, AuditEntry]
) -> Iterator[Line]:
    if not rule.enabled:
        entry = switched.get(rule.name)
        yield Line(
            at=entry.at if entry else rule.created_at, what=What.RULE_OFF, by=entry.actor if entry else ""
        )
    if not rule_values.covers(rule, service):
        yield Line(at=now, what=What.OUT_OF_SCOPE)
    if not alerts_on:
        yield Line(at=now, what=What.ALERTS_OFF)
    if service.desired == Desired.STOPPED:
        yield Line(at=now, what=What.AT_REST)


def _lines(
    rule: AlertRule,
    service: Service,
    record: Record,
    episodes: Sequence[Episode],
    hushes: Sequence[Hush],
    since: datetime,
    now: datetime,
) -> list[Line]:
    found = [_marked(line, episodes) for line in _traced(rule, service, record, since, now)]
    if not found and not episodes:
        found.append(Line(at=now, what=What.NEVER_MET))
    found += [line for row in episodes for line in _lived(row, found)]
    found += list(_hushed(rule, service, hushes))
    if rule.created_at > since:
        found.append(Line(at=rule.created_at, what=What.RULE_NEW))
    found.sort(key=lambda line: line.at)
    return [*found, *why.of_ways(_ways(rule.channels.all()), now)]


def _traced(
    rule: AlertRule, service: Service, record: Record, since: datetime, now: datetime
) -> Iterator[Line]:
    """What the evaluator makes of the record by the rule as it is today."""
    if rule.condition == Condition.MASS_FAILURE:
        return
    if not courses.recorded(rule):
        yield Line(at=now, what=What.NOT_RECORDED)
        return
    if rule.condition == Condition.METRIC and not courses.measures(service.pk, since):
        yield Line(at=now, what=What.NO_FIGURES)
        return
    for _service, steps in courses.steps(rule, [service.pk], since, now, record):
        yield from why.of_steps(rule_values.rule_of(rule), steps[-STEPS_AT_MOST:])


def _marked(line: Line, episodes: Sequence[Episode]) -> Line:
    """A line with the number of the episode that was there at that time."""
    for row in episodes:
        if row.opened_at - MOMENT <= line.at <= (row.resolved_at or line.at):
            return replace(line, episode=row.pk)
    return line


def _lived(row: Episode, lines: Sequence[Line]) -> Iterator[Line]:
    """What happened to an episode that the replay does not tell of: the rule was another then."""
    told = {line.what for line in lines if line.episode == row.pk}
    if What.FIRED not in told and row.fired_at:
        yield Line(at=row.fired_at, what=What.FIRED, episode=row.pk)
    elif not told:
        yield Line(at=row.opened_at, what=What.MET, episode=row.pk)
    if row.state == Phase.ACKNOWLEDGED and row.acknowledged_at:
        yield Line(at=row.acknowledged_at, what=What.ACKNOWLEDGED, by=row.acknowledged_by, episode=row.pk)


def _hushed(rule: AlertRule, service: Service, hushes: Sequence[Hush]) -> Iterator[Line]:
    mine = [hush for hush in hushes if hush.covers(service, rule)]
    for hush in mine[-HUSHES_AT_MOST:]:
        yield Line(at=hush.begin, what=NOTES[hush.kind], until=hush.end, text=hush.text, by=hush.by)
