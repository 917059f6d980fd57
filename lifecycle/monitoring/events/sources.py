"""The tables whose rows are events, each brought to the same columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from lifecycle.monitoring.events import narrowing
from lifecycle.monitoring.events.filters import Filters
from registry.models import Service

Column = Combinable | Exists | Q
NOTHING = Value("", output_field=CharField())
NO_SERVICE = (NOTHING, Value(0, output_field=IntegerField()))
SERVICE = (
    F("service__name"),
    Case(
        When(service__pk__isnull=False, service__removed_at=None, service__archived_at=None, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    ),
)
AUDITED = (
    F("target"),
    Case(
        When(Exists(Service.objects.listed().filter(name=OuterRef("target"))), then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    ),
)
FORCED = Case(When(force=True, then=Value("force")), default=Value(""), output_field=CharField())


@dataclass(frozen=True, kw_only=True)
class Source:
    """One table, or one moment of its rows. `texts` are who, and four columns that its words are made of."""

    rank: int
    name: str
    kind: str
    at: str
    narrowed: Callable[[Filters], QuerySet[Any] | None]
    service: tuple[Any, Any] = SERVICE
    texts: tuple[Any, ...]

    def columns(self) -> tuple[Any, ...]:
        """Rank, id, moment, the service and whether it is listed, and five texts."""
        rank = Value(self.rank, output_field=IntegerField())
        texts = [F(text) if isinstance(text, str) else text for text in self.texts]
        return (rank, F("pk"), F(self.at), *self.service, *texts, *[NOTHING] * (5 - len(texts)))


# Of lines of the same moment those with the higher rank come first: what follows from the others.
ALL = (
    Source(
        rank=1,
        name="worker-started",
        kind="worker",
        at="started_at",
        narrowed=narrowing.workers,
        service=NO_SERVICE,
        texts=("name", "host"),
    ),
    Source(
        rank=2,
        name="worker-stopped",
        kind="worker",
        at="stopped_at",
        narrowed=narrowing.stopped_workers,
        service=NO_SERVICE,
        texts=("name", "host"),
    ),
    Source(
        rank=3,
        name="configuration",
        kind="configuration",
        at="at",
        narrowed=narrowing.configuration,
        service=AUDITED,
        texts=("actor", "action", "target", "detail"),
    ),
    Source(
        rank=4,
        name="command",
        kind="command",
        at="created_at",
        narrowed=narrowing.commands,
        texts=("requested_by", "kind", "state", "error", FORCED),
    ),
    Source(
        rank=5,
        name="transition",
        kind="transition",
        at="at",
        narrowed=narrowing.transitions,
        texts=("worker", "after", "reason", "error_message", "error_kind"),
    ),
    Source(
        rank=6,
        name="tools",
        kind="tools",
        at="at",
        narrowed=narrowing.tools,
        texts=("by", "kind", "name", "action", "grade"),
    ),
    Source(
        rank=7,
        name="alert-fired",
        kind="alert",
        at="fired_at",
        narrowed=narrowing.fired,
        texts=(NOTHING, "rule__name", "rule__level", "summary"),
    ),
    Source(
        rank=8,
        name="alert-acknowledged",
        kind="alert",
        at="acknowledged_at",
        narrowed=narrowing.acknowledged,
        texts=("acknowledged_by", "rule__name", "rule__level", "summary"),
    ),
    Source(
        rank=9,
        name="alert-resolved",
        kind="alert",
        at="resolved_at",
        narrowed=narrowing.resolved,
        texts=("ended_by", "rule__name", "rule__level", "ending"),
    ),
    Source(
        rank=10,
        name="gap-began",
        kind="gap",
        at="began_at",
        narrowed=narrowing.gaps,
        texts=(NOTHING, "cause"),
    ),
    Source(
        rank=11,
        name="gap-ended",
        kind="gap",
        at="ended_at",
        narrowed=narrowing.ended_gaps,
        texts=(NOTHING, "cause"),
    ),
)
BY_RANK = {source.rank: source for source in ALL}
