"""Tool calls in words: figures by tool, and a line for each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.models import Command, ToolCall
from lifecycle.monitoring.calls import queries
from lifecycle.monitoring.settings import queries as settings_queries
from lifecycle.pages import humanize
from registry.models import Service
from registry.secrets import vault

PAGE_SIZE = 50
FIGURES_OVER = timedelta(hours=24)
TOOLS_SHOWN = 50
Outcome = ToolCall.Outcome
OUTCOMES: Mapping[str, tuple[Promise, str]] = {
    Outcome.OK: (lazy("OK"), "l-ok"),
    Outcome.TOOL_ERROR: (lazy("Tool error"), "l-bad"),
    Outcome.FAILED: (lazy("Failed"), "l-bad"),
    Outcome.TIMEOUT: (lazy("Timeout"), "l-bad"),
    Outcome.REFUSED: (lazy("Refused"), "l-rest"),
}
ORIGINS: Mapping[str, Promise] = {
    Command.Origin.PAGE: lazy("page"),
    Command.Origin.REST: lazy("REST"),
    Command.Origin.PYTHON: lazy("Python"),
    Command.Origin.TERMINAL: lazy("terminal"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One tool over 24 hours."""

    tool: str
    calls: str
    failed: str
    bad: bool
    slow: str
    p50: str
    p95: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallLine:
    """One call."""

    id: int
    tool: str
    word: str
    css: str
    took: str
    slow: bool
    size: str
    by: str
    origin: str
    iso: str
    ago: str
    full: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPage:
    """A page of them, newest first; `older` is the id to go on from, 0 at the end."""

    lines: list[CallLine]
    figures: list[Figures]
    hidden: int
    tools: list[str]
    tool: str
    outcome: str
    outcomes: list[tuple[str, str]]
    older: int
    first: bool
    slow_after: str


def call_page(
    service: Service, now: datetime, *, tool: str = "", outcome: str = "", before: int = 0
) -> CallPage:
    """What the page shows; three queries."""
    found = queries.history(service, tool=tool, outcome=outcome, before=before, limit=PAGE_SIZE + 1)
    totals = queries.tool_totals(service.pk, now - FIGURES_OVER, now, now)
    busiest = sorted(totals, key=lambda name: (-totals[name].calls, name))
    known = set(service.tools.values_list("name", flat=True)[:1000])
    return CallPage(
        lines=[_line(row, now) for row in found[:PAGE_SIZE]],
        figures=[_figures(name, totals[name]) for name in busiest[:TOOLS_SHOWN]],
        hidden=max(len(busiest) - TOOLS_SHOWN, 0),
        tools=sorted(known | set(totals) | ({tool} if tool else set())),
        tool=tool,
        outcome=outcome,
        outcomes=[(value, str(word)) for value, (word, _css) in OUTCOMES.items()],
        older=found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else 0,
        first=not before,
        slow_after=humanize.lasting(settings_queries.current().slow_call_threshold),
    )


def lines(service: Service, tool: str, now: datetime, most: int) -> list[CallLine]:
    """The newest calls of one tool."""
    return [_line(row, now) for row in queries.history(service, tool=tool, limit=most)]


def _figures(tool: str, summary: CallSummary) -> Figures:
    failed = f"{summary.failed:,}"
    if summary.failed:
        failed = _("%(n)s (%(percent)s %%)") % {"n": failed, "percent": _percent(summary.error_rate)}
    return Figures(
        tool=tool,
        calls=f"{summary.calls:,}",
        failed=failed,
        bad=summary.failed > 0,
        slow=f"{summary.slow:,}",
        p50=humanize.milliseconds(summary.p(0.5)),
        p95=humanize.milliseconds(summary.p(0.95)),
    )


def _percent(share: float) -> str:
    """Three digits that count; never 100 where one went well."""
    return "100" if share == 1 else f"{min(share * 100, 99.9):.3g}"


def _line(row: ToolCall, now: datetime) -> CallLine:
    at = datetime.fromtimestamp(row.at / 1000, UTC)
    word, css = OUTCOMES[row.outcome]
    return CallLine(
        id=row.pk,
        tool=row.tool,
        word=str(word),
        css=css,
        took=humanize.milliseconds(row.duration_ms),
        slow=row.slow,
        size=humanize.size(row.answer_bytes) if row.answer_bytes else "–",
        by=row.by,
        origin=str(ORIGINS.get(row.origin, "")),
        iso=humanize.iso(at),
        ago=humanize.ago(at, now),
        full=humanize.local(at),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """What a call was given and what came of it."""

    arguments: str
    error: str


def details(row: ToolCall) -> Details:
    """For those who may call tools."""
    return Details(
        arguments=vault.unseal(row.arguments) if row.arguments else "{}",
        error=vault.unseal(row.error) if row.error else "",
    )
