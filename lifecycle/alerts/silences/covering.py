"""What keeps a service's alerts from being told now or soon, for the heading of its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from lifecycle.core.alerting.silences import Target
from lifecycle.models import MaintenancePeriod, Silence
from lifecycle.pages import humanize
from registry.models import Service
from registry.models.limits import current

SOON = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Covering:
    """One badge; `said` and `url` are empty for people of a scope, who see no silence and no window."""

    text: str
    said: str
    url: str


def marked(services: QuerySet[Service], now: datetime) -> QuerySet[Service]:
    """With whether there is anything at all to look at: mostly there is not."""
    some = Exists(_silences(now)) | Exists(_periods(now))
    return services.annotate(some_covering=some)


def of(service: Service, now: datetime) -> list[Covering]:
    """Silences and windows under way, and windows of the next day; one query, or none if it was *marked*."""
    if not getattr(service, "some_covering", True):
        return []
    return [
        _covering(kind, some, began, ended, said, now)
        for kind, services, tags, some, began, ended, said in _rows(now)
        if Target(services=frozenset(services), tags=frozenset(tags)).covers(service.name, service.tags, None)
    ]


def _rows(now: datetime) -> Iterable[Any]:
    """Those of everybody: that a service of one's own is silent one may know."""
    some = Case(When(rules=[], then=False), default=True, output_field=BooleanField())
    return _named(
        _silences(now), "silence", "services", "tags", some, "starts_at", "ends_at", "comment"
    ).union(
        _named(
            _periods(now),
            "window",
            "window__services",
            "window__tags",
            Value(False, BooleanField()),
            "began_at",
            "ended_at",
            "window__name",
        ),
        all=True,
    )


def _silences(now: datetime) -> QuerySet[Silence]:
    return Silence._base_manager.filter(starts_at__lte=now, ends_at__gt=now)


def _periods(now: datetime) -> QuerySet[MaintenancePeriod]:
    soon = MaintenancePeriod._base_manager.filter(began_at__lte=now + SOON, ended_at__gt=now)
    return soon.filter(Q(window__enabled=True) | Q(began_at__lte=now))


def _named(rows: QuerySet[Any], kind: str, *columns: Any) -> QuerySet[Any, Any]:
    named: QuerySet[Any, Any] = rows.order_by().annotate(of_kind=Value(kind)).values_list("of_kind", *columns)
    return named


def _covering(kind: str, some: bool, began: datetime, ended: datetime, said: str, now: datetime) -> Covering:
    if kind == "silence":
        words = _("Some alerts silenced until %(until)s") if some else _("Silenced until %(until)s")
    elif began > now:
        words = _("Maintenance %(began)s to %(until)s")
    else:
        words = _("Maintenance until %(until)s")
    place = reverse("silence_list" if kind == "silence" else "window_list")
    return Covering(
        text=words % {"began": humanize.local(began), "until": humanize.local(ended)},
        said="" if current() else said,
        url="" if current() else place,
    )
