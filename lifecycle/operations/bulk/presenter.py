"""Bulk actions that have begun, as the pages show them: a line each, and the progress of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import progress
from lifecycle.operations.bulk.preview import WORDS
from lifecycle.pages import humanize
from lifecycle.pages.paging import PAGE_SIZE, clamp

State = Command.State
WAVES_SHOWN = 12
ENDS = (State.FAILED, State.DONE, State.CANCELLED)
NAMED_IN_A_WAVE = 4
STATES: Mapping[str, tuple[Any, str]] = {
    State.FAILED: (lazy("Failed"), "l-bad"),
    State.TAKEN: (lazy("In progress"), "l-info"),
    State.QUEUED: (lazy("In progress"), "l-info"),
    State.PLANNED: (lazy("Waiting"), "l-rest"),
    State.DONE: (lazy("Done"), "l-ok"),
    State.CANCELLED: (lazy("Cancelled"), "l-rest"),
}
TABS = (
    ("failed", lazy("Failed"), [State.FAILED]),
    ("running", lazy("In progress"), [State.QUEUED, State.TAKEN]),
    ("planned", lazy("Waiting"), [State.PLANNED]),
    ("done", lazy("Done"), [State.DONE]),
    ("cancelled", lazy("Cancelled"), [State.CANCELLED]),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A bulk action in one line."""

    id: int
    url: str
    title: str
    meant: str
    who: str
    iso: str
    ago: str
    open: bool
    state_class: str
    state: str
    ended: int
    total: int
    failed: int
    waves: int


def line_of(batch: Batch, now: datetime, counted: progress.Progress | None = None) -> Line:
    """One line; it counts by what the pages were last told unless *counted* is given."""
    failed = counted.failed if counted else batch.seen.get("failed", 0)
    done = (
        counted.ended if counted else batch.total - sum(batch.seen.get(k, 0) for k in ("planned", "running"))
    )
    word, css = _state(batch, failed)
    return Line(
        id=batch.pk,
        url=reverse("batch_detail", args=[batch.pk]),
        title=str(WORDS["force-stop" if batch.force else batch.action]),
        meant=_meant(batch),
        who=batch.requested_by,
        iso=humanize.iso(batch.created_at),
        ago=humanize.ago(batch.created_at, now),
        open=batch.finished_at is None,
        state_class=css,
        state=word,
        ended=done if batch.seen or counted else 0,
        total=batch.total,
        failed=failed,
        waves=batch.waves,
    )


def _state(batch: Batch, failed: int) -> tuple[str, str]:
    if batch.finished_at is None:
        return _("In progress"), "l-info"
    if batch.cancelled_by:
        return _("Cancelled"), "l-rest"
    return (_("Finished, some failed"), "l-bad") if failed else (_("Done"), "l-ok")


def _meant(batch: Batch) -> str:
    narrowed = batch.selection.get("filter")
    if narrowed is None:
        return _("selected by name")
    if not narrowed:
        return _("all services")
    return _("all matching %(filter)s") % {
        "filter": ", ".join(f"{key}={value}" for key, value in narrowed.items())
    }


@dataclass(frozen=True, kw_only=True)
class Tab:
    word: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Wave:
    """One step of the order of dependencies."""

    number: int
    state_class: str
    state: str
    ended: int
    total: int
    named: str
    now: bool


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    name: str
    wave: int
    url: str
    state_class: str
    state: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Detail:
    """All that the progress page shows."""

    line: Line
    counted: progress.Progress
    text: str
    cancelled_by: str
    edited: list[str]
    waves: list[Wave]
    tabs: list[Tab]
    members: list[MemberLine]
    here: str
    older: str
    newer: str


def detail(batch: Batch, given: Mapping[str, str], now: datetime) -> Detail:
    """The progress, and one page of members of the chosen state."""
    counted = progress.progress(batch)
    chosen = given.get("state", "")
    numbers = {"running": counted.running, "planned": counted.planned, "done": counted.done}
    numbers |= {"failed": counted.failed, "cancelled": counted.cancelled}
    if chosen not in numbers:
        chosen = next((name for name, _word, _states in TABS if numbers[name]), "done")
    page = clamp(_number(given.get("page", "")), numbers[chosen])
    url = reverse("batch_detail", args=[batch.pk])
    states = next(states for name, _word, states in TABS if name == chosen)
    rows = batch.members.filter(state__in=states).order_by("wave", "pk").select_related("service")
    picked = f"state={chosen}" if given.get("state") else ""
    return Detail(
        line=line_of(batch, now, counted),
        counted=counted,
        text=_progress_text(batch),
        cancelled_by=batch.cancelled_by,
        edited=_edited(batch),
        waves=_waves(batch) if 1 < batch.waves <= WAVES_SHOWN else [],
        tabs=[
            Tab(word=str(word), count=numbers[name], url=f"{url}?state={name}", chosen=name == chosen)
            for name, word, _states in TABS
            if numbers[name] or name == chosen
        ],
        members=[_member(row) for row in rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]],
        here=f"{url}?{picked}&page={page}" if picked else url,
        older=_page(url, chosen, page + 1) if page * PAGE_SIZE < numbers[chosen] else "",
        newer=_page(url, chosen, page - 1) if page > 1 else "",
    )


EDITED: Mapping[str, Any] = {
    "add_tags": lazy("Tags added: %(what)s"),
    "remove_tags": lazy("Tags removed: %(what)s"),
    "profile": lazy("Profile: %(what)s"),
    "priority": lazy("Priority: %(what)s"),
    "add_to_agent": lazy("Added to agent: %(what)s"),
    "remove_from_agent": lazy("Removed from agent: %(what)s"),
}


def _edited(batch: Batch) -> list[str]:
    """What a bulk edit says, a line for each part."""
    if "undoes" in batch.selection:
        return [_("Undoes bulk action %(number)s") % {"number": batch.selection["undoes"]}]
    said = batch.selection.get("edit", {})
    return [
        str(words) % {"what": ", ".join(said[key]) if isinstance(said[key], list) else said[key]}
        for key, words in EDITED.items()
        if key in said
    ]


def _page(url: str, state: str, page: int) -> str:
    return f"{url}?{urlencode({'state': state, 'page': page})}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _progress_text(batch: Batch) -> str:
    if batch.waves < 2:
        return ""
    return _("Wave %(wave)s of %(waves)s, in dependency order.") % {
        "wave": batch.wave,
        "waves": batch.waves,
    }


def _waves(batch: Batch) -> list[Wave]:
    tally = progress.tally(batch)
    return [
        _wave(batch, number, {state: n for (wave, state), n in tally.items() if wave == number})
        for number in range(1, batch.waves + 1)
    ]


def _wave(batch: Batch, number: int, counted: Mapping[str, int]) -> Wave:
    total = sum(counted.values())
    open_now = sum(counted.get(state, 0) for state in (State.PLANNED, State.QUEUED, State.TAKEN))
    if open_now == 0:
        shown = next(state for state in ENDS if counted.get(state) or state is ENDS[-1])
    else:
        shown = State.TAKEN if number <= batch.wave else State.PLANNED
    word, css = STATES[shown]
    names = batch.members.filter(wave=number).order_by("pk").values_list("service__name", flat=True)
    first = list(names[:NAMED_IN_A_WAVE])
    return Wave(
        number=number,
        state_class=css,
        state=str(word),
        ended=total - open_now,
        total=total,
        named=", ".join(first) + (" …" if total > len(first) else ""),
        now=open_now > 0 and number == batch.wave,
    )


def _member(row: Command) -> MemberLine:
    word, css = STATES[State(row.state)]
    listed = row.service.removed_at is None and row.service.archived_at is None
    return MemberLine(
        name=row.service.name,
        wave=row.wave,
        url=reverse("service_detail", args=[row.service.name]) if listed else "",
        state_class=css,
        state=str(word),
        error=row.error,
    )
