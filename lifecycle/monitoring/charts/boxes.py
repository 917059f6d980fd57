"""The part of a page in which charts are drawn: its ranges, and its figures before their numbers come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from lifecycle.monitoring.charts import pictures
from lifecycle.monitoring.charts.figures import Words
from lifecycle.monitoring.charts.pictures import Pictures
from lifecycle.monitoring.charts.presenter import query_of
from lifecycle.monitoring.charts.windows import WORDS, Window
from registry.installation import zones
from registry.models import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """One choice of a range."""

    word: Words
    query: str
    href: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartsBox:
    """`live` names the event that tells of news; `drawn`: its pictures are in the page already."""

    title: str
    url: str
    query: str
    zone: str
    live: str
    pictures: Pictures
    drawn: bool
    ranges: list[Range]
    from_text: str
    to_text: str


def service_box(service: Service, window: Window, now: datetime, drawn: bool = False) -> ChartsBox:
    """Of the page of one service; *drawn*: with its pictures, for whom no script brings them."""
    shown = pictures.of_service(service, window, now) if drawn else pictures.awaited(service, window)
    return ChartsBox(
        title=_("Charts"),
        url=reverse("service_charts", args=[service.name]),
        query=query_of(window),
        zone=str(zones.current()),
        live=f"service-more-{service.pk}",
        pictures=shown,
        drawn=drawn,
        ranges=[
            Range(word=word, query=f"range={name}", href=f"?range={name}#charts", chosen=name == window.name)
            for name, word in WORDS.items()
        ],
        from_text=_typed(window.start),
        to_text=_typed(window.end),
    )


def fleet_box(window: Window, now: datetime, drawn: bool = False) -> ChartsBox:
    """Of the overview, which has ranges of its own."""
    return ChartsBox(
        title=_("Response time, all services"),
        url=reverse("overview_charts"),
        query=query_of(window),
        zone=str(zones.current()),
        live="",
        pictures=pictures.of_fleet(window, now) if drawn else pictures.awaited(None, window),
        drawn=drawn,
        ranges=[],
        from_text="",
        to_text="",
    )


def _typed(moment: datetime) -> str:
    """As a field for date and time wants it."""
    return f"{moment.astimezone(zones.current()):%Y-%m-%dT%H:%M}"
