"""Targets and their budgets in words and bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lifecycle.core.monitoring.expectations.slo import PAIRS, Budget
from lifecycle.core.monitoring.uptime import percent
from lifecycle.models import Slo, SloState
from lifecycle.monitoring.uptime.slo import queries
from lifecycle.pages import humanize
from registry.installation import zones
from registry.models import Service

STALE_AFTER = timedelta(minutes=5)
LOW = 0.25
IN_SECONDS = 120
"""A budget of less is told in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One pair of windows: how fast the budget burns in both, and what would page."""

    windows: str
    long: str
    short: str
    limit: str
    over: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetLine:
    """One target with its budget."""

    id: int
    name: str
    url: str
    of_tag: bool
    goal: str
    words: str
    share: int
    bar: SafeString
    css: str
    badge: str
    achieved: str
    members: int
    counted_ago: str
    stale: bool
    rates: list[Rate]


def budgets(limit: int, now: datetime) -> list[BudgetLine]:
    """Those with the least left, for the overview; one query."""
    return [line_of(slo, now) for slo in queries.targets()[:limit]]


def budgets_of(service: Service, now: datetime) -> list[BudgetLine]:
    """Those that concern one service; one query, none if there is known to be no target."""
    if not vars(service).get("has_targets", True):
        return []
    return [line_of(slo, now) for slo in queries.targets_of(service)]


def line_of(slo: Slo, now: datetime) -> BudgetLine:
    """One target in words."""
    row = counted(slo)
    left = Budget(row.total_s, row.left_s) if row else Budget(0, 0)
    css, badge = _badge(row, left)
    known = row is not None and row.known_s > 0
    return BudgetLine(
        id=slo.pk,
        name=queries.name_of(slo),
        url=_url(slo),
        of_tag=bool(slo.tag),
        goal=goal_of(slo),
        words=words_of(row, left, now) if row else _("Available within a minute."),
        share=round(left.share * 100),
        bar=_bar(left.share if known else 0, css),
        css=css,
        badge=badge,
        achieved=f"{percent(row.share, 3):g} %" if row and row.share is not None else "–",
        members=row.members if row else 0,
        counted_ago=humanize.ago(row.evaluated_at, now) if row else "–",
        stale=row is not None and now - row.evaluated_at > STALE_AFTER,
        rates=rates_of(row) if row else [],
    )


def counted(slo: Slo) -> SloState | None:
    """What was found of it as it is now."""
    row = getattr(slo, "state_row", None)
    return row if isinstance(row, SloState) and row.version == slo.version else None


def _url(slo: Slo) -> str:
    if slo.service is None:
        return f"{reverse('service_list')}?{urlencode({'tag': slo.tag})}"
    return reverse("service_detail", args=[slo.service.name]) if slo.service.is_listed else ""


def goal_of(slo: Slo) -> str:
    """ "99.9 % available over 30 days", "95 % of checks under 500 ms over 7 days"."""
    values = {
        "percent": f"{slo.percent.normalize():f}",
        "time": humanize.milliseconds(slo.under_ms),
        "days": slo.days,
    }
    if slo.kind == Slo.Kind.RESPONSE:
        return _("%(percent)s %% of checks under %(time)s over %(days)d days") % values
    return _("%(percent)s %% available over %(days)d days") % values


def words_of(row: SloState, left: Budget, now: datetime) -> str:
    """ "31 of 43 minutes left; at this rate gone at 14:10"."""
    if row.known_s <= 0:
        return _("No data yet.")
    if left.left <= 0:
        return _("Exhausted: %(over)s over the budget of %(total)s.") % {
            "over": amount(-left.left, left.total),
            "total": amount(left.total, left.total),
        }
    said = _("%(left)s of %(total)s left") % {
        "left": number(left.left, left.total),
        "total": amount(left.total, left.total),
    }
    if row.gone_at is None:
        return said
    return _("%(said)s; at this rate exhausted at %(when)s") % {"said": said, "when": _when(row.gone_at, now)}


def number(seconds: float, total: float) -> str:
    """In the unit of *total*, rounded down: what is left is never said to be more."""
    if total < IN_SECONDS:
        return f"{int(seconds)}"
    minutes = seconds / 60
    return f"{int(minutes):,}" if total >= 600 else f"{int(minutes * 10) / 10:g}"


def amount(seconds: float, total: float) -> str:
    """The same with its unit."""
    if total < IN_SECONDS:
        return _("%(n)s seconds") % {"n": number(seconds, total)}
    return _("%(n)s minutes") % {"n": number(seconds, total)}


def _when(moment: datetime, now: datetime) -> str:
    """The time today, else with its day."""
    here = moment.astimezone(zones.current())
    today = now.astimezone(zones.current()).date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%Y-%m-%d %H:%M}"


def rates_of(row: SloState) -> list[Rate]:
    """The four pairs of windows."""
    return [
        Rate(
            windows=f"{humanize.elapsed(timedelta(seconds=pair.long))} / "
            f"{humanize.elapsed(timedelta(seconds=pair.short))}",
            long=_rate(row.burns.get(str(pair.long))),
            short=_rate(row.burns.get(str(pair.short))),
            limit=f"{pair.factor:g}×",
            over=row.pages == f"{pair.long}/{pair.short}",
        )
        for pair in PAIRS
    ]


def _rate(burn: float | None) -> str:
    return "–" if burn is None else f"{burn:.1f}×" if burn < 100 else f"{burn:,.0f}×"


def _badge(row: SloState | None, left: Budget) -> tuple[str, str]:
    if row is None or row.known_s <= 0:
        return "l-rest", _("Unknown")
    if left.left <= 0:
        return "l-bad", _("Exhausted")
    if row.pages:
        return "l-bad", _("Burning fast")
    return ("l-warning", _("Low")) if left.share < LOW else ("l-ok", _("Met"))


def _bar(share: float, css: str) -> SafeString:
    """What is left as a bar; the words beside it say the same."""
    return format_html(
        '<svg class="budget-bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="all" width="100" height="6"/><rect class="left" width="{}" height="6"/></svg>',
        css,
        f"{share * 100:.1f}",
    )
