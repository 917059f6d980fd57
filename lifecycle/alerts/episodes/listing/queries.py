"""The open alerts, whatever their number: as numbers alone, from one index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, F, JSONField, Max, QuerySet

from lifecycle.core.alerting.evaluate import Condition
from lifecycle.models import Episode
from lifecycle.pages.reading import kept

State = Episode.State
NAMES = ("level", "condition", "state", "ids", "services")
SHOWN = (
    *(column.name for column in Episode._meta.concrete_fields),
    *("rule__name", "rule__level", "service__name", "service__tags"),
)
"""What a line of an alert is made of: the rule and the service whole would be most of what is read."""


class Listed(Aggregate):
    """All values of a group; those of two columns in the same order."""

    function = "json_group_array"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="jsonb_agg", **extra)


@dataclass(frozen=True, kw_only=True)
class Bunch:
    """The open alerts of one rule in one state; beside each its service, None where it is of all of them."""

    level: str
    condition: Condition
    state: str
    ids: Sequence[int]
    services: Sequence[int | None]

    @property
    def pending(self) -> bool:
        return self.state == State.PENDING

    @property
    def untaken(self) -> bool:
        return self.state == State.FIRING


def bunches() -> list[Bunch]:
    """All that is open: one query that reads no row of them."""
    return [Bunch(**dict(zip(NAMES, row, strict=True))) for row in kept.rows("bunches", _groups)]


def _groups() -> QuerySet[Episode, tuple[Any, ...]]:
    groups = standing().order_by().values("rule_id", "state")
    read = groups.annotate(
        level=Max("rule__level"),
        condition=Max("rule__condition"),
        ids=Listed(F("id")),
        services=Listed(F("service_id")),
    )
    return read.values_list(*NAMES)


def standing(*states: str) -> QuerySet[Episode]:
    """The open ones, or those in some of the open states; said so that the index of open ones is used."""
    found = Episode.objects.exclude(state=State.RESOLVED)
    return found.filter(state__in=states) if states else found


def newest(limit: int, *states: str) -> list[Episode]:
    """The latest with their rules and services: their keys come first from the index, then so many rows."""
    return kept.rows(("newest", limit, states), lambda: _newest(limit, *states))


def _newest(limit: int, *states: str) -> QuerySet[Episode]:
    keys = standing(*states).order_by("-pk").values("pk")[:limit]
    return Episode.objects.filter(pk__in=keys).select_related("rule", "service").only(*SHOWN).order_by("-pk")
