"""The five figures above the fold, each with a line that shows how it went."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.monitoring.uptime import percent
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.overview import drawing
from lifecycle.monitoring.overview.figures import Figures, account_of, healthy_share
from lifecycle.monitoring.overview.queries import Now
from lifecycle.pages import humanize

NONE, TO_COME, NO_BREAK = "–", "…", "\N{NO-BREAK SPACE}"
QUANTILES = (0.5, 0.95, 0.99)
LAST: dict[str, str | Promise] = {
    "1h": lazy("last hour"),
    "24h": lazy("last 24 h"),
    "7d": lazy("last 7 days"),
    "30d": lazy("last 30 days"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One figure; it leads to what it counts."""

    word: str
    value: str
    note: str
    url: str
    css: str = ""
    spark: SafeString = SafeString("")


def of(now: Now, found: Figures | None, window: Window) -> list[Tile]:
    """In the order in which people ask: is it bad, how much runs, how was it, how fast is it, is it used.

    Without figures, which the page asks for apart, their values are still to come.
    """
    last = str(LAST[window.name])
    return [
        _attention(now),
        _health(now, found),
        _availability(found, last),
        _response(found, last),
        _calls(found, last),
    ]


def _attention(now: Now) -> Tile:
    return Tile(
        word=_("Need attention"),
        value=f"{now.attention:,}",
        note=_("of %(n)s that should run") % {"n": f"{now.wanted:,}"},
        url=reverse("service_list") + "?sort=failing",
        css="is-bad" if now.down else "is-warn" if now.attention else "",
    )


def _health(now: Now, found: Figures | None) -> Tile:
    held = sum(1 for row in now.troubled if row.held_by)
    serving = _("%(n)s serving") % {"n": f"{now.serving:,}"}
    waiting = _("%(n)s waiting for a dependency") % {"n": f"{held:,}"} if held else ""
    points = found.points if found else []
    return Tile(
        word=_("Health rate"),
        value=percentage(now.health_rate, 1),
        note=" · ".join(part for part in (serving, waiting) if part),
        url=reverse("service_list") + "?state=HEALTHY",
        spark=drawing.spark([healthy_share(point.summary) for point in points], 99.0),
    )


def _availability(found: Figures | None, last: str) -> Tile:
    coverage = percentage(found.account.coverage, 1) if found else TO_COME
    return Tile(
        word=_("Availability"),
        value=percentage(found.account.ratio, 2) if found else TO_COME,
        note=" · ".join((last, _("coverage %(share)s") % {"share": coverage.replace(" ", NO_BREAK)})),
        url=reverse("service_list") + "?sort=failing",
        spark=drawing.spark([account_of(point).ratio for point in found.points] if found else [], 0.99),
    )


def _response(found: Figures | None, last: str) -> Tile:
    if found is None:
        times = [TO_COME] * len(QUANTILES)
    else:
        times = [humanize.milliseconds(ms) for ms in found.summary.percentiles(QUANTILES)]
    p50, p95, p99 = times
    return Tile(
        word=_("Response"),
        value=p50,
        note=last if p50 == NONE else _("p95 %(p95)s · p99 %(p99)s") % {"p95": p95, "p99": p99},
        url="#charts",
        spark=drawing.spark([point.summary.p(0.5) for point in found.points] if found else [], 0.0),
    )


def _calls(found: Figures | None, last: str) -> Tile:
    failed = percentage(found.calls.error_rate, 1) if found and found.calls.calls else ""
    called = found.called if found else []
    return Tile(
        word=_("Tool calls"),
        value=f"{found.calls.calls:,}" if found else TO_COME,
        note=_("%(share)s failed") % {"share": failed} if failed else last,
        url=reverse("service_list"),
        spark=drawing.spark([float(point.summary.calls) for point in called], 0.0),
    )


def percentage(ratio: float | None, digits: int) -> str:
    """Cut off and never rounded up, so that 100 % means all; a dash where nothing is known."""
    found = percent(ratio, digits)
    if found is None:
        return NONE
    return "100 %" if found == 100 else f"{found:.{digits}f} %"
