"""Which alerts somebody means who acts on several of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import QueryDict

from lifecycle.alerts.episodes.listing import queries
from lifecycle.alerts.explain import causes
from lifecycle.models import Episode
from registry.models.scoped import Ids

MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Alerts that fire now, of the `asked` that the page had said."""

    rows: QuerySet[Episode]
    asked: int


def read(given: QueryDict, now: datetime) -> Choice:
    """Those picked, those of one cause, or all; of the last two none that the page did not know of."""
    if cause := given.get("cause"):
        count, _, key = cause[:250].partition(" ")
        ids = causes.untaken(queries.bunches(), key, now)
        return Choice(rows=_known(of(ids), given), asked=_number(count))
    if given.get("everything"):
        rows = queries.standing(Episode.State.FIRING)
        return Choice(rows=_known(rows, given), asked=_number(given.get("count", "")))
    picked = {_number(value) for value in given.getlist("pick")[:MOST]} - {0}
    return Choice(rows=of(picked), asked=len(picked))


def of(ids: list[int] | set[int]) -> QuerySet[Episode]:
    """Those of them that fire, and that the person sees."""
    return queries.standing(Episode.State.FIRING).filter(Q(pk__among=Ids(ids)))


def _known(rows: QuerySet[Episode], given: QueryDict) -> QuerySet[Episode]:
    """Those that fired when the page was made: nobody takes on what nobody has seen."""
    try:
        seen = datetime.fromisoformat(given.get("seen", ""))
    except ValueError:
        return rows
    return rows.exclude(fired_at__gt=seen) if seen.tzinfo else rows


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
