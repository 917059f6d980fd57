"""What the page of alerts shows: open episodes and past ones, a page of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from lifecycle.alerts.episodes.listing import queries
from lifecycle.alerts.episodes.listing.queries import Bunch, Listed
from lifecycle.alerts.explain import causes
from lifecycle.alerts.explain.causes import Folded
from lifecycle.alerts.presenter import EPISODE_STATES, episode_row
from lifecycle.alerts.silences import quiet as hushed
from lifecycle.alerts.silences.quiet import Quiet
from lifecycle.core.alerting.evaluate import Condition
from lifecycle.models import Delivery, Episode
from lifecycle.pages.paging import page_number, page_of

PAGE_SIZE = 50
HELD_BY = "service__state_row__held_by"
"""What a folded alert waits for."""


def context(asked: Mapping[str, str]) -> dict[str, Any]:
    """Few queries that read the rows of these pages alone: of all other open ones there are but numbers."""
    now, cause, quiet = timezone.now(), asked.get("cause", "")[:200], asked.get("quiet") == "1"
    before = _key(asked.get("before", ""))
    found = [] if before else queries.bunches()
    folded = causes.fold(found, now, cause)
    open_ids = _in_order(found, folded)
    page = page_of(open_ids, len(open_ids), page_number(asked.get("page", "")), PAGE_SIZE)
    firsts = [pk for one in folded.causes for pk in one.oldest]
    rows, over = _read([*page.rows, *firsts], _over(quiet, before))
    shown = [rows[pk] for pk in page.rows if pk in rows]
    flapping = any(bunch.condition == Condition.FLAPPING for bunch in found)
    hush = hushed.now_is(now, flapping=flapping) if shown else Quiet()
    kept: dict[str, str | int] = {"quiet": int(quiet), "before": before, "cause": cause}
    return {
        "counted": _counted(found),
        "firing": sum(len(bunch.ids) for bunch in found if bunch.untaken),
        "seen": now.isoformat(),
        "causes": causes.cause_rows(folded.causes, rows, now),
        "open": [episode_row(row, now, _told(row), hush) for row in shown],
        "page": page,
        "page_address": _address(kept),
        "over": [episode_row(row, now, _told(row)) for row in over[:PAGE_SIZE]],
        "older": over[PAGE_SIZE - 1].pk if len(over) > PAGE_SIZE else 0,
        "before": before,
        "quiet": quiet,
        "address": _address({**kept, "page": page.number if page.number > 1 else 0}),
    }


def _counted(found: Iterable[Bunch]) -> list[tuple[str, str, int]]:
    """How many are in each open state, the firing ones first: a class, a word and a number."""
    counts = Counter[str]()
    for bunch in found:
        counts[bunch.state] += len(bunch.ids)
    order = (Episode.State.FIRING, Episode.State.ACKNOWLEDGED, Episode.State.PENDING)
    looks = [(EPISODE_STATES[state], counts[state]) for state in order if counts[state]]
    return [(css, str(word), number) for (word, css), number in looks]


def _key(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _address(values: Mapping[str, str | int]) -> str:
    return "?" + urlencode({name: value for name, value in values.items() if value})


def _in_order(found: Iterable[Bunch], folded: Folded) -> list[int]:
    """What fires before what waits, the newest first."""
    firing, waiting = list[int](), list[int]()
    for bunch in found:
        (waiting if bunch.pending else firing).extend(folded.left(bunch))
    return [*sorted(firing, reverse=True), *sorted(waiting, reverse=True)]


def _over(quiet: bool, before: int) -> QuerySet[Episode]:
    """Those that ended: one more than a page of them."""
    found = Episode.objects.filter(state=Episode.State.RESOLVED)
    found = found if quiet else found.filter(fired_at__isnull=False)
    found = found.filter(pk__lt=before) if before else found
    return found.order_by("-pk")[: PAGE_SIZE + 1]


def _read(wanted: Sequence[int], over: QuerySet[Episode]) -> tuple[dict[int, Episode], list[Episode]]:
    """The rows with these keys, and those of *over*, in one query."""
    asked = set(wanted)
    found = Episode.objects.filter(Q(pk__in=wanted) | Q(pk__in=over.values("pk")))
    messages = Delivery.objects.filter(episode=OuterRef("pk")).order_by().values("episode")
    found = found.annotate(told=Subquery(messages.annotate(states=Listed(F("state"))).values("states")))
    found = found.select_related("rule", "service__state_row").only(*queries.SHOWN, HELD_BY)
    rows: dict[int, Episode] = {row.pk: row for row in found.order_by("-pk")}
    return rows, [row for pk, row in rows.items() if pk not in asked]


def _told(row: Episode) -> list[str]:
    """How far its messages have come."""
    states: list[str] | None = getattr(row, "told", None)
    return states or []
