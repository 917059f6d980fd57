"""Rows of rules and episodes to the pure values of `core.alerting`, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from lifecycle.core.alerting import evaluate
from lifecycle.core.alerting.evaluate import Condition, Ending, Phase, Scope, Situation
from lifecycle.core.alerting.subjects import Subject
from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import CONNECTING, State
from lifecycle.live.feed import feed
from lifecycle.models import AlertRule, Episode, FeedItem, ServiceState
from registry.models import AgentService, Desired, Service


def rule_of(row: AlertRule) -> evaluate.Rule:
    lasting = row.condition == AlertRule.Condition.NOT_SERVING_FOR
    return evaluate.Rule(
        condition=Condition(row.condition),
        states=frozenset(State(name) for name in row.states),
        hold=timedelta(seconds=row.seconds if lasting else row.for_seconds),
        breaking_only=row.breaking_only,
        cooldown=timedelta(seconds=row.cooldown_seconds),
        keep=timedelta(seconds=row.keep_firing_seconds),
        notify_recovery=row.notify_recovery,
    )


def covers(row: AlertRule, service: Service) -> bool:
    return Scopes().cover(row, service)


class Scopes:
    """The scopes of rules, each read once."""

    def __init__(self) -> None:
        self._read: dict[int, Scope] = {}
        self._agents: dict[str, set[str]] | None = None

    def of(self, rule: AlertRule) -> Scope:
        scope = self._read.get(rule.pk)
        if scope is None:
            scope = self._read[rule.pk] = Scope.read(rule.scope)
        return scope

    def cover(self, rule: AlertRule, service: Service) -> bool:
        """Whether the rule looks at this service."""
        return self.covers(rule, service.name, service.tags, service.profile)

    def covers(self, rule: AlertRule, name: str, tags: Collection[str], profile: str) -> bool:
        """The same of a service that is like this."""
        scope = self.of(rule)
        agents = self._agents_of(name) if scope.kind == "agents" else ()
        return scope.covers(name, tags, profile, agents)

    def _agents_of(self, service: str) -> Collection[str]:
        if self._agents is None:
            self._agents = {}
            for name, agent in AgentService.objects.values_list("service_name", "agent__name"):
                self._agents.setdefault(name, set()).add(agent)
        return self._agents.get(service, ())


def episode_of(row: Episode) -> evaluate.Episode:
    return evaluate.Episode(
        phase=Phase(row.state),
        opened_at=row.opened_at,
        due_at=row.due_at,
        fired_at=row.fired_at,
        clears_at=row.clears_at,
        ending=Ending(row.ending) if row.ending else None,
    )


def situation_of(service: Service, state: ServiceState) -> Situation:
    """How *service* is by its rows; `entered` is left to who knows of a transition."""
    return Situation(
        state=State(state.state),
        not_serving_since=state.not_serving_since,
        sign_in=lacks_sign_in(state.state, state.error_kind),
        stopped=service.desired == Desired.STOPPED,
        removed=not service.is_listed,
        archived=service.removed_at is None and service.archived_at is not None,
    )


def lacks_sign_in(state: str, kind: str) -> bool:
    """Whether it answers but lets nobody in: that is no outage."""
    return kind == Kind.AUTH and state in CONNECTING


LACKS_SIGN_IN = Q(state__in=CONNECTING, error_kind=Kind.AUTH)
"""The same of rows of `ServiceState`."""


def open_episode(rule: AlertRule, service: Service, new: evaluate.Episode, summary: str) -> Episode:
    row = new_episode(rule, service, new, summary)
    row.save(force_insert=True)
    return row


def new_episode(rule: AlertRule, service: Service, new: evaluate.Episode, summary: str = "") -> Episode:
    """The row, not yet written."""
    return Episode(
        rule=rule,
        service=service,
        state=new.phase.value,
        opened_at=new.opened_at,
        due_at=new.due_at,
        fired_at=new.fired_at,
        resolved_at=new.fired_at if new.phase is Phase.RESOLVED else None,
        ending=new.ending.value if new.ending else "",
        summary=summary,
    )


def fields_of(
    row: Episode, after: evaluate.Episode, summary: str, now: datetime, by: str = ""
) -> dict[str, Any]:
    """The columns of *row* that bring it to *after*."""
    return {
        "state": after.phase.value,
        "due_at": after.due_at,
        "fired_at": after.fired_at,
        "clears_at": after.clears_at,
        "summary": summary or row.summary,
        "ending": after.ending.value if after.ending else "",
        "ended_by": by[:150],
        "resolved_at": now if after.phase is Phase.RESOLVED else None,
    }


def advance(row: Episode, after: evaluate.Episode, summary: str, now: datetime, by: str = "") -> bool:
    """Bring the row to *after*; False when somebody else moved it first, and then nothing was written."""
    fields = fields_of(row, after, summary, now, by)
    if not Episode.objects.filter(pk=row.pk, state=row.state).update(**fields):
        return False
    for name, value in fields.items():
        setattr(row, name, value)
    return True


def last_fired(rules: Iterable[int], services: Iterable[int]) -> dict[tuple[int, int], datetime]:
    """When an episode of each of these rules and services fired last, where one did."""
    fired = Episode.objects.filter(rule__in=rules, service__in=services, fired_at__isnull=False)
    found = fired.order_by().values_list("rule", "service").annotate(last=Max("fired_at"))
    return {(rule, service): last for rule, service, last in found}


def new_beside(rule: AlertRule, subject: Subject, new: evaluate.Episode, summary: str) -> Episode:
    """The row of what is no service, not yet written."""
    return Episode(
        rule=rule,
        subject_kind=subject.kind.value,
        subject_name=subject.name,
        state=new.phase.value,
        opened_at=new.opened_at,
        due_at=new.due_at,
        fired_at=new.fired_at,
        summary=summary,
    )


def note(row: Episode, now: datetime) -> None:
    """Tell the pages that this episode changed."""
    note_id(row.pk, now)


def note_all(episodes: Sequence[Episode], now: datetime) -> None:
    """Tell the pages that these changed."""
    if episodes:
        feed.note_all(FeedItem.Kind.ALERT, [row.pk for row in episodes], now)


def note_ids(episodes: Sequence[int], now: datetime) -> None:
    feed.note_all(FeedItem.Kind.ALERT, episodes, now)


def note_id(episode: int, now: datetime) -> None:
    feed.note(FeedItem.Kind.ALERT, episode, now)
