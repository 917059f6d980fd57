"""Unusual slowness in words, with the working behind each verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.monitoring.expectations.slowness import LEARNING_DAYS
from lifecycle.models import Slowness
from lifecycle.pages import humanize
from registry.models import Service

Verdict = Slowness.Verdict
BADGES = {
    Verdict.LEARNING: (lazy("Learning"), "l-rest"),
    Verdict.USUAL: (lazy("Normal"), "l-ok"),
    Verdict.ABOVE: (lazy("Slower"), "l-warning"),
    Verdict.SLOW: (lazy("Unusually slow"), "l-warning"),
    Verdict.NO_DATA: (lazy("No checks"), "l-rest"),
}
OLD_AFTER = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class SlownessLine:
    """`text` is empty where nothing was judged yet; `working` shows how the verdict was found."""

    badge: str = ""
    css: str = ""
    text: str = ""
    working: str = ""


def slow_row(service: Service) -> Slowness | None:
    """The verdict of one that is unusually slow, where the query brought it along."""
    row = getattr(service, "slowness", None)
    return row if isinstance(row, Slowness) and row.verdict == Verdict.SLOW else None


def reason_of(service: Service, state: State) -> str:
    """The few words of the services list; empty for one that is not unusually slow."""
    row = slow_row(service)
    if row is None or state not in SERVING:
        return ""
    times = f"{row.median_ms / row.usual_ms:.1f}" if row.median_ms and row.usual_ms else "–"
    return _("Slow: %(times)s× normal") % {"times": times}


def said(row: Slowness) -> str:
    """The times behind the verdict."""
    return _("median %(now)s, normally %(usual)s") % _times(row)


def since(row: Slowness) -> datetime | None:
    """Since when it is above its margin."""
    return _moment(row.since) if row.since else None


def _times(row: Slowness) -> dict[str, str]:
    return {
        "now": humanize.milliseconds(row.median_ms),
        "usual": humanize.milliseconds(row.usual_ms),
        "mad": humanize.milliseconds(row.mad_ms),
        "margin": humanize.milliseconds(row.margin_ms),
        "days": str(row.days),
    }


def line_of(service: Service, now: datetime) -> SlownessLine:
    """The line of a service's page."""
    row = getattr(service, "slowness", None)
    if not isinstance(row, Slowness) or now - _moment(row.evaluated_at) > OLD_AFTER:
        return SlownessLine()
    badge, css = BADGES[Verdict(row.verdict)]
    return SlownessLine(badge=str(badge), css=css, text=_text(row, now), working=_working(row))


def _text(row: Slowness, now: datetime) -> str:
    match row.verdict:
        case Verdict.LEARNING:
            return _("Learning the baseline: %(days)s of %(needed)d days.") % {
                "days": row.days,
                "needed": LEARNING_DAYS,
            }
        case Verdict.USUAL:
            return _("Median of the last 15 minutes %(now)s, normally %(usual)s.") % _times(row)
        case Verdict.ABOVE | Verdict.SLOW:
            span = humanize.elapsed(now - _moment(row.since)) if row.since else "–"
            said = _("Median of the last 15 minutes %(now)s, normally %(usual)s, for %(span)s.")
            return said % {**_times(row), "span": span}
    return _("No check succeeded in the last 15 minutes.")


def _working(row: Slowness) -> str:
    if row.verdict not in (Verdict.USUAL, Verdict.ABOVE, Verdict.SLOW):
        return ""
    return _(
        "At this time of day, over %(days)s days: median %(usual)s, median absolute deviation %(mad)s. "
        "Unusual above %(margin)s, the larger of median + 4 deviations and 1.5 × median."
    ) % _times(row)


def _moment(at: int | None) -> datetime:
    return datetime.fromtimestamp(at or 0, UTC)
