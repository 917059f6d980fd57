"""What is wrong now, in words: a headline, and a line each with what happens next and one button."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core.machine.states import SERVING, State
from lifecycle.models import ServiceState
from lifecycle.monitoring.overview import marks
from lifecycle.monitoring.overview.problems import DOWN, LINES, READ_AT_MOST, Group, grouped, policy_of
from lifecycle.monitoring.overview.queries import Now
from lifecycle.pages import humanize
from lifecycle.pages.queries import SILENT_AFTER
from lifecycle.services.counts import NEEDS_SIGN_IN
from lifecycle.services.diagnosis.diagnosis import Diagnosis, diagnose, needs_sign_in
from lifecycle.services.diagnosis.remedies import Act
from lifecycle.services.heading import facts_from
from lifecycle.services.presenter import looks_of
from registry.dependencies import links
from registry.installation.sentences import said
from registry.models.limits import current

ROOM = 4
SENTENCE_ENDS = re.compile(r"(?<=\.) |(?<=。) ?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """One thing to do: a command that is posted, or a page to go to."""

    words: str
    post: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One service, or several that fail alike."""

    name: str
    url: str
    about: str
    state_class: str
    state_word: str
    what: str
    why: str
    since_iso: str
    since_text: str
    next_step: str
    next_iso: str
    button: Button | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """All of it. `tone` is ok, warn or bad; `next_iso` the next automatic attempt of those that are down.

    `room` is for how many lines there is a place, so that the page stands still when troubles begin.
    """

    tone: str
    title: str
    detail: str
    since_iso: str
    since_text: str
    next_iso: str
    lines: list[Line]
    more: str
    more_url: str
    room: int


def attention_of(now: Now, at: datetime) -> Attention:
    """From how it stands at this moment."""
    down = [row for row in now.troubled if _is_down(row)]
    whole = Group(rows=down) if down else None
    watched, (title, detail) = is_watched(now, at), _headline(now)
    more = len(now.troubled) >= READ_AT_MOST
    if not watched:
        title, detail = _("No worker is running"), _stale(title, detail)
    return Attention(
        tone="bad" if now.down else "warn" if now.troubled or not watched else "ok",
        title=title,
        detail=detail,
        since_iso=humanize.iso(whole.since) if whole else "",
        since_text=humanize.clock(whole.since, at) if whole else "",
        next_iso=humanize.iso(whole.next_try) if whole else "",
        lines=[_line(group, now.places, at, more) for group in grouped(now.troubled)[:LINES]],
        more=_("All %(n)s") % {"n": f"{now.attention:,}"},
        more_url=reverse("service_list") + "?sort=failing",
        room=min(now.wanted, ROOM),
    )


def _is_down(row: ServiceState) -> bool:
    return row.state not in SERVING and not needs_sign_in(State(row.state), row.error_kind)


def is_watched(now: Now, at: datetime) -> bool:
    """Whether a worker looks at the services; without one, what the rows say is old."""
    return any(row.stopped_at is None and at - row.seen_at <= SILENT_AFTER for row in now.workers)


def _stale(title: str, detail: str) -> str:
    said = " · ".join(part for part in (title, detail) if part)
    return _("Nothing is monitored. Last known: %(said)s") % {"said": said}


def _headline(now: Now) -> tuple[str, str]:
    """What is to be known in five seconds, and what else there is."""
    sign_in, warning = now.counts[NEEDS_SIGN_IN], now.counts[State.WARNING]
    starting = now.counts[State.INITIALIZING]
    parts = [
        (ngettext("%(n)s needs sign-in", "%(n)s need sign-in", sign_in), sign_in),
        (ngettext("%(n)s with a warning", "%(n)s with warnings", warning), warning),
        (ngettext("%(n)s connecting", "%(n)s connecting", starting), starting),
    ]
    said = [words % {"n": f"{count:,}"} for words, count in parts if count]
    more = " · ".join(said + marks.headline_parts(now))
    if now.down:
        words = ngettext("%(n)s of %(all)s services is down", "%(n)s of %(all)s services are down", now.down)
        return words % {"n": f"{now.down:,}", "all": f"{now.wanted:,}"}, more
    if not now.wanted:
        return _("No services are set to run"), _("All services are stopped.")
    if more:
        return _("No services are down"), more
    if now.serving == 1:
        return _("The service is serving"), ""
    return _("All %(n)s services are serving") % {"n": f"{now.serving:,}"}, ""


def _line(group: Group, places: Mapping[int, int], now: datetime, more: bool) -> Line:
    row, alone = group.rows[0], len(group.rows) == 1
    diagnosis = diagnose(facts_from(row, policy_of(row), place=places.get(row.pk, 0)))
    css, word = _looks(group)
    what, why = _story(row, diagnosis, alone)
    since = (marks.since_of(row) if marks.is_only_marked(row) else None) or group.since
    return Line(
        name=row.service.name if alone else _many(group, more),
        url=reverse("service_detail", args=[row.service.name]) if alone else _list_of(group),
        about=" · ".join(row.service.tags[:3]) if alone else said(_names(group)),
        state_class=css,
        state_word=word,
        what=what,
        why=why,
        since_iso=humanize.iso(since),
        since_text=humanize.clock(since, now),
        next_step=_next_step(row, diagnosis, alone),
        next_iso=humanize.iso(group.next_try) if not (row.held_by or places.get(row.pk)) else "",
        button=_button(row, diagnosis) if alone else None,
    )


def _looks(group: Group) -> tuple[str, str]:
    """Of the group's worst."""
    if marks.is_only_marked(group.rows[0]):
        return marks.looks_of(group.rows[0])
    worst = max(group.rows, key=lambda row: row.state == State.UNREACHABLE)
    return looks_of(State(worst.state), worst.error_kind)


def _many(group: Group, more: bool) -> str:
    """How many; where not all of the failing ones were read, at least so many."""
    words = _("%(n)s or more services") if more else _("%(n)s services")
    return words % {"n": f"{len(group.rows):,}"}


def _names(group: Group) -> str:
    return group.shared or links.few([row.service.name for row in group.rows])


def _list_of(group: Group) -> str:
    query = {"q": group.shared} if group.shared else {}
    states = [state.value for state in DOWN if any(row.state == state for row in group.rows)]
    more = {"state": states[0]} if len(states) == 1 else {}
    return f"{reverse('service_list')}?{urlencode({**query, **more, 'sort': 'failing'})}"


def _story(row: ServiceState, diagnosis: Diagnosis, alone: bool) -> tuple[str, str]:
    """What happened, and the likely cause; of one alone the message itself, where there is one."""
    if marks.is_only_marked(row):
        return marks.story_of(row)
    first, *rest = SENTENCE_ENDS.split(diagnosis.what, maxsplit=1)
    why = row.error_message if alone and row.error_message else diagnosis.cause
    return first if first.endswith((".", "。")) else f"{first}.", why or "".join(rest)


def _next_step(row: ServiceState, diagnosis: Diagnosis, alone: bool) -> str:
    if marks.is_only_marked(row):
        return marks.next_step()
    if alone or row.held_by:
        return diagnosis.next_step
    return _("Each one is retried automatically")


def _button(row: ServiceState, diagnosis: Diagnosis) -> Button | None:
    if not diagnosis.remedies or marks.is_only_marked(row):
        return None
    remedy = diagnosis.remedies[0]
    if remedy.act is Act.EDIT:
        if current():
            return None
        return Button(words=remedy.words, href=reverse("service_edit", args=[row.service.name]) + remedy.ask)
    return Button(
        words=remedy.words, post=reverse("service_action", args=[row.service.name, remedy.act.value])
    )
