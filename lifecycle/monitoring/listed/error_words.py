"""A high error rate in words: for the services list, the overview and the service's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.monitoring.uptime import percent
from lifecycle.models import ErrorRate
from lifecycle.monitoring.settings import in_force
from lifecycle.pages import humanize
from registry.models import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorLine:
    """`text` is empty for a service that is not marked."""

    badge: str = ""
    css: str = ""
    text: str = ""
    working: str = ""


def row_of(service: Service) -> ErrorRate | None:
    """Its mark, where the query brought it along."""
    row = getattr(service, "error_rate", None)
    return row if isinstance(row, ErrorRate) else None


def reason_of(service: Service, state: State) -> str:
    """The few words of the services list; empty for one that is not marked."""
    row = row_of(service)
    if row is None or state not in SERVING:
        return ""
    calls, checks = share(row.failed_calls, row.calls), share(row.failed_checks, row.checks)
    if row.failed_calls * row.checks > row.failed_checks * row.calls or not row.checks:
        return _("%(share)s of calls fail") % {"share": calls}
    return _("%(share)s of checks fail") % {"share": checks}


def share(failed: int, of: int) -> str:
    """In whole percent, cut off; a dash where there was nothing."""
    found = percent(failed / of, 0) if of else None
    return "–" if found is None else f"{found:.0f} %"


def counted(row: ErrorRate) -> str:
    """What failed of what: "12 of 40 tool calls, 3 of 120 checks"."""
    parts = [
        words % {"failed": f"{failed:,}", "all": f"{of:,}", "share": share(failed, of)}
        for words, failed, of in (
            (_("%(failed)s of %(all)s tool calls failed (%(share)s)"), row.failed_calls, row.calls),
            (_("%(failed)s of %(all)s checks failed (%(share)s)"), row.failed_checks, row.checks),
        )
        if failed
    ]
    return ", ".join(parts)


def line_of(service: Service, now: datetime) -> ErrorLine:
    """The line of a service's page."""
    row = row_of(service)
    if row is None:
        return ErrorLine()
    found, began = since(row), datetime.fromtimestamp(row.counted_since, UTC)
    return ErrorLine(
        badge=_("High error rate"),
        css="l-warning",
        text=_("%(counted)s, for %(span)s.")
        % {"counted": counted(row), "span": humanize.elapsed(now - found)},
        working=_("Counted since %(time)s. Services above %(limit)s are marked.")
        % {"time": humanize.local(began), "limit": share_of(in_force.get().error_rate_threshold)},
    )


def share_of(ratio: float) -> str:
    """A threshold in percent."""
    return f"{ratio * 100:g} %"


def since(row: ErrorRate) -> datetime:
    """When it was found first."""
    return datetime.fromtimestamp(row.since, UTC)
