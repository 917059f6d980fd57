"""Unusual slowness in words, with the working behind each verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.urls import reverse
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
    Verdict.USUAL: (lazy("As usual"), "l-ok"),
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


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowService:
    """One that is unusually slow now, for what needs attention."""

    id: int
    name: str
    url: str
    reason: str
    since: datetime | None


def slow_services(limit: int) -> list[SlowService]:
    """Those that serve and are unusually slow, the longest first; one query."""
    rows = Slowness.objects.filter(
        verdict=Verdict.SLOW,
        service__removed_at=None,
        service__archived_at=None,
        service__state_row__state__in=SERVING,
    )
    return list(_slow(rows.select_related("service").order_by("since", "pk")[:limit]))


def _slow(rows: Iterable[Slowness]) -> Iterable[SlowService]:
    for row in rows:
        yield SlowService(
            id=row.service_id,
            name=row.service.name,
            url=reverse("service_detail", args=[row.service.name]),
            reason=_said(row),
            since=_moment(row.since) if row.since else None,
        )


def reason_of(service: Service, state: State) -> str:
    """The few words of the services list; empty for one that is not unusually slow."""
    row = getattr(service, "slowness", None)
    if not isinstance(row, Slowness) or row.verdict != Verdict.SLOW or state not in SERVING:
        return ""
    return _said(row)


def _said(row: Slowness) -> str:
    return _("Slow: %(now)s at the median, usual %(usual)s") % _times(row)


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
            return _("What is usual is being learnt: %(days)s of %(needed)d days.") % {
                "days": row.days,
                "needed": LEARNING_DAYS,
            }
        case Verdict.USUAL:
            return _("%(now)s at the median of 15 minutes, usual %(usual)s.") % _times(row)
        case Verdict.ABOVE | Verdict.SLOW:
            span = humanize.elapsed(now - _moment(row.since)) if row.since else "–"
            said = _("%(now)s at the median of 15 minutes, usual %(usual)s, for %(span)s.")
            return said % {**_times(row), "span": span}
    return _("No check was answered in the last 15 minutes.")


def _working(row: Slowness) -> str:
    if row.verdict not in (Verdict.USUAL, Verdict.ABOVE, Verdict.SLOW):
        return ""
    return _(
        "At this time of day, over %(days)s days: median %(usual)s, median deviation %(mad)s. Unusual "
        "above %(margin)s, the larger of median + 4 deviations and 1.5 × median."
    ) % _times(row)


def _moment(at: int | None) -> datetime:
    return datetime.fromtimestamp(at or 0, UTC)
