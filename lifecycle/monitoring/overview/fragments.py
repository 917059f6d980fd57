"""The parts of the overview that the live feed renders too: the same files, without a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lifecycle.monitoring.overview import activity, drawing, queries
from lifecycle.monitoring.overview.attention import attention_of
from lifecycle.monitoring.overview.queries import Now
from lifecycle.pages import queries as page_queries
from lifecycle.services.presenter import tiles
from registry.models.limits import current

PLACE = "lifecycle/monitoring/overview"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One state in the legend of the strip; its address is the list of those."""

    css: str
    word: str
    count: str
    url: str


def now_context(now: Now, at: datetime) -> dict[str, Any]:
    """What `_now.html` shows."""
    strip, legend = fleet(now.counts)
    return {"now": attention_of(now, at), "strip": strip, "legend": legend}


def fleet(counts: Mapping[str, int]) -> tuple[SafeString, list[Share]]:
    """The strip, and its legend without the states in which there is none."""
    shown = [tile for tile in tiles(counts) if tile.count]
    words = [_("%(word)s %(n)s") % {"word": tile.word, "n": f"{tile.count:,}"} for tile in shown]
    strip = drawing.strip([(tile.state_class, tile.word, tile.count) for tile in shown], ", ".join(words))
    listed = reverse("service_list")
    return strip, [
        Share(
            css=tile.state_class,
            word=tile.word,
            count=f"{tile.count:,}",
            url=f"{listed}?state={tile.state}",
        )
        for tile in shown
    ]


def render_now(oob: bool = True) -> str:
    """What is wrong now, and the fleet by state."""
    at = timezone.now()
    return _render("_now.html", now_context(queries.now_of(at), at), oob)


def render_events(oob: bool = True) -> str:
    """The latest transitions."""
    return _render("_events.html", {"happened": activity.happened(activity.events(), timezone.now())}, oob)


def render_alerts(oob: bool = True) -> str:
    """The open alerts."""
    at = timezone.now()
    count = page_queries.read(at).open_alerts
    return _render("_alerts.html", {"alerts": activity.alerts_of(activity.open_episodes(), count, at)}, oob)


def render_workers(oob: bool = True) -> str:
    """Who watches."""
    at = timezone.now()
    shown = activity.machines(queries.workers(at), at)
    return _render("_workers.html", {"workers": shown, "linked": not current()}, oob)


def _render(name: str, context: dict[str, Any], oob: bool) -> str:
    return render_to_string(f"{PLACE}/{name}", {**context, "oob": oob})
