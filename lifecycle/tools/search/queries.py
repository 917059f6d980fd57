"""Tools and other content of all services that match: one query for the rows, one to count them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Case as SqlCase
from django.db.models import Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, Value, When

from lifecycle.pages.paging import Page, page_of
from lifecycle.services import queries as service_queries
from lifecycle.tools.search.filters import Filters
from registry.models import AgentService, ContentItem, ContractChange, Tool, WaitingTool
from registry.models.tool_words import with_words

Row = TypeVar("Row", Tool, ContentItem)
LATELY: Final = timedelta(days=7)
PAGE_SIZE: Final = 50
LISTED: Final = Q(service__removed_at=None, service__archived_at=None)
UNDECIDED: Final = Q(refused_at=None)


def page(filters: Filters, now: datetime) -> Page:
    """A page of `Tool`, or of `ContentItem`, each with its service and that one's state."""
    rows = tools(filters, now) if filters.kind == "tool" else content(filters)
    return page_of(
        rows.select_related("service", "service__state_row"), rows.count(), filters.page, PAGE_SIZE
    )


def tools(filters: Filters, now: datetime) -> QuerySet[Tool]:
    """The nearest name first, then by name and service."""
    rows = _of_services(Tool.objects.filter(LISTED, named(filters.q), _hint(filters.hint)), filters)
    if filters.news == "changed":
        rows = rows.filter(Exists(_changes(now).filter(service=OuterRef("service"), name=OuterRef("name"))))
    if filters.news == "waiting":
        same = WaitingTool.objects.filter(UNDECIDED, service=OuterRef("service"), name=OuterRef("name"))
        rows = rows.filter(Exists(same))
    first = [F("tokens").desc(nulls_last=True)] if filters.order == "tokens" else nearest(filters.q)
    return rows.order_by(*first, "name", "service__name")


def named(q: str) -> Q:
    """Tools that have the words of *q*, or have it in their name: what the list, the palette and a
    service's page find is the same."""
    return with_words(q) | Q(name__icontains=q) if q else Q()


def _of_services(rows: QuerySet[Row], filters: Filters) -> QuerySet[Row]:
    """Those of the services that are meant."""
    if filters.service:
        rows = rows.filter(service__name=filters.service)
    if filters.agent:
        chosen = AgentService.objects.filter(agent__name=filters.agent).values("service_name")
        rows = rows.filter(service__name__in=chosen)
    if filters.state:
        rows = rows.filter(service__in=service_queries.matching(state=filters.state).values("pk"))
    return rows


def content(filters: Filters) -> QuerySet[ContentItem]:
    """Resources, templates or prompts, by name and service."""
    rows = ContentItem.objects.filter(LISTED, kind=filters.kind)
    if filters.q:
        rows = rows.filter(Q(name__icontains=filters.q) | Q(data__icontains=filters.q))
    return _of_services(rows, filters).order_by("name", "service__name")


def lately_changed(rows: Iterable[Tool], now: datetime) -> dict[tuple[int, str], datetime]:
    """When those of *rows* that changed in the last days did."""
    rows = list(rows)
    found = _changes(now).filter(
        service__in={row.service_id for row in rows}, name__in={row.name for row in rows}
    )
    latest = found.order_by().values_list("service_id", "name").annotate(at=Max("at"))
    return {(service, name): at for service, name, at in latest}


def waiting() -> int:
    """Tools of all services that wait for somebody's decision, those that are new included."""
    return WaitingTool.objects.filter(LISTED, UNDECIDED).count()


def _changes(now: datetime) -> QuerySet[ContractChange]:
    acts = [ContractChange.Act.ADDED, ContractChange.Act.CHANGED]
    return ContractChange.objects.filter(kind=ContractChange.Kind.TOOL, action__in=acts, at__gte=now - LATELY)


def _hint(hint: str) -> Q:
    reads, destroys = Q(annotations__readOnlyHint=True), Q(annotations__destructiveHint=True)
    marked = Tool.objects.filter(reads | destroys)  # negated by itself, what has no such key would be neither
    known = {"read-only": reads, "destructive": destroys, "unmarked": ~Q(id__in=marked.values("id"))}
    return known.get(hint, Q())


def nearest(q: str) -> list[Any]:
    """The order: the same name first, then names with *q* in them."""
    if not q:
        return []
    steps = [When(name__iexact=q, then=Value(0)), When(name__icontains=q, then=Value(1))]
    return [SqlCase(*steps, default=Value(2), output_field=IntegerField())]
