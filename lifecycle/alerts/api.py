"""REST for episodes and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from lifecycle.alerts.episodes import folding, operations
from lifecycle.alerts.episodes.listing import queries
from lifecycle.alerts.episodes.listing.several import choice
from lifecycle.alerts.outbox import queue
from lifecycle.models import Delivery, Episode
from registry.access import audit
from registry.access.callers import OPERATOR, VIEWER, caller
from registry.rest.problems import ProblemError

router = Router()


class PageQuery(Schema):
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=200)


class EpisodeQuery(PageQuery):
    state: str = Field("", max_length=100, description="open, pending, firing, acknowledged or resolved")


class SubjectAnswer(Schema):
    kind: str = Field(description="service, fleet (many services at once), worker, host or token")
    name: str = Field(description="empty for fleet")


class EpisodeAnswer(Schema):
    id: int
    rule: str
    level: str
    service: str | None = Field(description="null where it is of no single service")
    subject: SubjectAnswer = Field(description="what it is about")
    state: str
    opened_at: datetime
    due_at: datetime | None
    fired_at: datetime | None
    escalates_at: datetime | None = Field(description="when the next step of the escalation is told")
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    ending: str = Field(description="how it ended, such as recovered, restarted, stopped; empty while open")
    ended_by: str = Field(description="the person who ended it; empty where nobody did, or nobody is known")
    summary: str
    waits_for: list[str] = Field(description="of a pending one: the failed dependencies it waits for")


class DeliveryAnswer(Schema):
    id: int
    message_id: str
    channel: str
    episode: int | None
    kind: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    answer: str
    refused: dict[str, str] = Field(description="errors by recipient")


class EpisodePage(Schema):
    count: int
    results: list[EpisodeAnswer]


class Several(Schema):
    ids: list[Annotated[int, Field(ge=0, le=2**63 - 1)]] | None = Field(None, max_length=choice.MOST)
    everything: bool = Field(False, description="instead of ids: all that fire")


class SeveralAnswer(Schema):
    acknowledged: list[int] = Field(description="the ids of those that fired until now")


class DeliveryPage(Schema):
    count: int
    results: list[DeliveryAnswer]


def _fields(row: Model, schema: type[Schema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields if hasattr(row, name)}


def _page(rows: QuerySet[Any], query: PageQuery) -> list[Any]:
    start = (query.page - 1) * query.page_size
    return list(rows[start : start + query.page_size])


@router.get("episodes", auth=VIEWER, response=EpisodePage, summary="List alert episodes")
def episodes(request: HttpRequest, query: Query[EpisodeQuery]) -> dict[str, Any]:
    """The newest first."""
    rows = _episodes(query.state.lower())
    found = _page(rows.select_related("rule", "service__state_row").order_by("-id"), query)
    return {"count": rows.count(), "results": [_episode(row) for row in found]}


def _episodes(state: str) -> QuerySet[Episode]:
    if not state:
        return Episode.objects.all()
    if state == "open":
        return Episode.objects.exclude(state=Episode.State.RESOLVED)
    if state not in Episode.State.values:
        known = ", ".join(["open", *Episode.State.values])
        raise ProblemError(422, f"There is no state {state[:40]!r}; there are {known}.", where="query.state")
    return Episode.objects.filter(state=state)


def _episode(row: Episode) -> dict[str, Any]:
    service = row.service.name if row.service else None
    about: dict[str, Any] = {"rule": row.rule.name, "level": row.rule.level, "service": service}
    about["escalates_at"] = row.escalates_at if row.state == Episode.State.FIRING else None
    about["subject"] = {"kind": row.subject.kind.value, "name": row.subject.name}
    return _fields(row, EpisodeAnswer) | about | {"waits_for": folding.waits_for(row)}


@router.post(
    "episodes/{episode_id}/ack", auth=OPERATOR, response=EpisodeAnswer, summary="Acknowledge an episode"
)
def episode_ack(request: HttpRequest, episode_id: int) -> dict[str, Any]:
    """The caller takes it on; 409 when it is no longer firing."""
    rows = Episode.objects.select_related("rule", "service__state_row")
    if not rows.filter(pk=episode_id).exists():
        raise ProblemError(404, f"There is no episode {episode_id}.")
    if not operations.acknowledge(episode_id, by=caller(request).name, now=timezone.now()):
        raise ProblemError(409, "This alert is no longer firing.")
    return _episode(rows.get(pk=episode_id))


@router.post("episodes/ack", auth=OPERATOR, response=SeveralAnswer, summary="Acknowledge several episodes")
def episodes_ack(request: HttpRequest, body: Several) -> dict[str, Any]:
    """The caller takes on those that fire, as one act; all others, also unknown ones, are left alone."""
    if body.everything == (body.ids is not None):
        raise ProblemError(422, "Give ids, or everything.", where="ids")
    rows = queries.standing(Episode.State.FIRING) if body.ids is None else choice.of(body.ids)
    return {"acknowledged": operations.acknowledge_all(rows, by=caller(request).name, now=timezone.now())}


@router.get("deliveries", auth=VIEWER, response=DeliveryPage, summary="List deliveries")
def deliveries(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    """The newest first."""
    found = _page(Delivery.objects.select_related("channel").order_by("-id"), query)
    return {"count": Delivery.objects.count(), "results": [_delivery(row) for row in found]}


def _delivery(row: Delivery) -> dict[str, Any]:
    own = {"message_id": str(row.message_id), "channel": row.channel.name, "episode": row.episode_id}
    return _fields(row, DeliveryAnswer) | own


@router.post(
    "deliveries/{delivery_id}/replay",
    auth=OPERATOR,
    response={202: DeliveryAnswer},
    summary="Send a delivery again",
)
def delivery_replay(request: HttpRequest, delivery_id: int) -> Status[dict[str, Any]]:
    """A dead one, under its old id, for another 24 hours; 409 where it needs none."""
    row, now = (
        Delivery.objects.select_related("channel", "group").filter(pk=delivery_id).first(),
        timezone.now(),
    )
    if row is None:
        raise ProblemError(404, f"There is no delivery {delivery_id}.")
    with transaction.atomic():
        if not queue.replay(row, now):
            raise ProblemError(409, "This message was delivered, or is being sent.")
        audit.note(caller(request).name, "delivery.replay", str(row.message_id), now=now)
    return Status(202, _delivery(Delivery.objects.select_related("channel").get(pk=delivery_id)))
