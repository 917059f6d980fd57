"""REST: why an alert came, and why none did."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.alerts.explain import backtest, facts, forecasts, running, tried
from lifecycle.alerts.explain.words import sentence
from lifecycle.core.alerting.explain.why import Line
from lifecycle.models import AlertRule, Episode
from registry.access.callers import OPERATOR_OF_ALL, VIEWER, VIEWER_OF_ALL
from registry.errors import ServiceNotFoundError
from registry.models import Service
from registry.rest.problems import ProblemError

router = Router()


class BacktestQuery(Schema):
    days: int = Field(14, ge=1, le=14)


class LineAnswer(Schema):
    at: datetime
    what: str = Field(description="the decision, such as hold, cooldown, silenced, delivered")
    text: str = Field(description="the same as a sentence")
    until: datetime | None = Field(description="the time that the sentence names")
    seconds: float | None = Field(description="the length of time that the sentence names")
    name: str = Field(description="the channel, dependency or ending it is about")
    by: str = Field(description="the person, or the receiver's answer")
    episode: int | None


class LineList(Schema):
    count: int
    results: list[LineAnswer]


class AbsenceAnswer(Schema):
    rule: str
    rule_id: int
    fired: int = Field(description="alerts of this rule and service in this time")
    verdict: LineAnswer = Field(description="the decision that says most")
    decisions: list[LineAnswer]


class AbsenceList(Schema):
    count: int
    since: datetime
    results: list[AbsenceAnswer]


class WhyQuery(Schema):
    hours: int = Field(24, ge=1, le=336)
    rule: int = Field(0, ge=0, lt=2**63, description="only this rule; 0: each")


def _line(line: Line, now: datetime, real: bool) -> dict[str, Any]:
    return {
        "at": line.at,
        "what": line.what.value,
        "text": sentence(line, now, real=real).text,
        "until": line.until,
        "seconds": line.span.total_seconds() if line.span is not None else None,
        "name": line.name,
        "by": line.by,
        "episode": line.episode,
    }


@router.get(
    "episodes/{episode_id}/why",
    auth=VIEWER,
    response=LineList,
    summary="Explain an episode",
)
def episode_why(request: HttpRequest, episode_id: int) -> dict[str, Any]:
    """Each decision in the order of time; what stands in its way now comes last."""
    row = Episode.objects.select_related("rule", "service__state_row").filter(pk=episode_id).first()
    if row is None:
        raise ProblemError(404, f"There is no episode {episode_id}.")
    now = timezone.now()
    lines = [_line(line, now, True) for line in facts.of_episode(row, now)]
    return {"count": len(lines), "results": lines}


@router.get(
    "services/{name}/why-not", auth=VIEWER, response=AbsenceList, summary="Explain why no alert was sent"
)
def service_why_not(request: HttpRequest, name: str, query: Query[WhyQuery]) -> dict[str, Any]:
    """Rule by rule. Where no alert is on record, the rule as it is today is run over the recorded states."""
    service = Service.objects.listed().filter(name=name).first()
    if service is None:
        raise ServiceNotFoundError(name)
    now = timezone.now()
    since = now - timedelta(hours=query.hours)
    found = facts.absences(service, since, now, _rules(query.rule))
    rows = [_absence(one, now) for one in found]
    return {"count": len(rows), "since": since, "results": rows}


class ToldAnswer(Schema):
    at: datetime
    seconds: float = Field(description="after the condition became true")
    notice: str


class ChannelForecast(Schema):
    channels: str = Field(description="names of those that are told alike")
    told: list[ToldAnswer]
    more: bool = Field(description="reminders go on until it is acknowledged")


class ForecastAnswer(Schema):
    began: datetime
    fires_at: datetime | None
    results: list[ChannelForecast]
    notes: list[str]


@router.get(
    "alert-rules/{rule_id}/forecast", auth=VIEWER_OF_ALL, response=ForecastAnswer, summary="Forecast a rule"
)
def rule_forecast(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    """What it would send if its condition became true now and lasted; the first few messages."""
    rule = AlertRule.objects.prefetch_related("channels").filter(pk=rule_id).first()
    if rule is None:
        raise ProblemError(404, f"There is no rule {rule_id}.")
    found = forecasts.of(rule, list(rule.channels.all()), timezone.now())
    rows = [
        {"channels": row.channels, "more": row.more, "told": [vars(told) for told in row.told]}
        for row in found.rows
    ]
    fires = found.fires.at if found.fires else None
    return {"began": found.began, "fires_at": fires, "results": rows, "notes": list(found.notes)}


class DayAnswer(Schema):
    day: date
    alerts: int
    services: dict[str, int]


class BacktestAlert(Schema):
    service: str
    at: datetime
    ended: datetime | None
    told: datetime | None = Field(description="null where a silence or maintenance kept it back to its end")
    reminders: int


class BacktestAnswer(Schema):
    since: datetime
    until: datetime
    recorded: bool = Field(description="false where the condition cannot be tried on the past")
    count: int = Field(description="alerts that would have been sent")
    hushed: int
    reminders: int
    recoveries: int
    services: int = Field(description="in the rule's scope")
    covered: int = Field(description="of them, looked at within the time that a run may take")
    stopped: str = Field(description="why not all were: time, alerts, asked; else empty")
    messages: dict[str, int] = Field(description="by channel, joined as they would be")
    days: list[DayAnswer]
    alerts: list[BacktestAlert] = Field(description="the newest 500")
    notes: list[str]


@router.get(
    "alert-rules/{rule_id}/backtest",
    auth=OPERATOR_OF_ALL,
    response=BacktestAnswer,
    summary="Back-test a rule",
)
def rule_backtest(request: HttpRequest, rule_id: int, query: Query[BacktestQuery]) -> dict[str, Any]:
    """What the rule as it is would have sent; 409 while two others run."""
    rule = AlertRule.objects.prefetch_related("channels").filter(pk=rule_id).first()
    if rule is None:
        raise ProblemError(404, f"There is no rule {rule_id}.")
    try:
        with running.one_of(-rule_id) as stop:
            found = backtest.run(rule, list(rule.channels.all()), timezone.now(), days=query.days, stop=stop)
    except running.BusyError:
        raise ProblemError(409, "Two back-tests are running already. Try again in a moment.") from None
    alerts = [vars(alert) | {"service": alert.who} for alert in found.alerts]
    days = [{"day": day.day, "alerts": day.alerts, "services": dict(day.services)} for day in found.days]
    head = tried.tried(rule, found).head
    more = {"messages": dict(found.sent), "days": days, "alerts": alerts}
    return vars(found) | more | {"notes": [head, *tried.notes(rule, found)]}


def _rules(number: int) -> list[AlertRule] | None:
    if not number:
        return None
    rules = list(AlertRule.objects.prefetch_related("channels").filter(pk=number))
    if not rules:
        raise ProblemError(404, f"There is no rule {number}.", where="query.rule")
    return rules


def _absence(found: facts.Absence, now: datetime) -> dict[str, Any]:
    return {
        "rule": found.rule.name,
        "rule_id": found.rule.pk,
        "fired": found.fired,
        "verdict": _line(found.verdict, now, False),
        "decisions": [_line(line, now, False) for line in found.lines],
    }
