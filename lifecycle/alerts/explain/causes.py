"""Open alerts that share a host, command, proxy or credential, as one line of the alerts page (4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.outbox import shared
from lifecycle.alerts.presenter import LEVELS, Moment, moment
from lifecycle.core.alerting import common_cause, digest
from lifecycle.core.alerting.common_cause import Shared, Thing, What
from lifecycle.core.alerting.evaluate import MEASURED, Condition
from lifecycle.models import Episode
from registry.dependencies.links import few
from registry.models.limits import current

FEWEST = 3
"""Two lines are shown as they are."""
KNOWN_FOR = timedelta(seconds=30)
LEFT_OUT = (Condition.TOOLS_CHANGED, Condition.MASS_FAILURE, *MEASURED)
WORDS: dict[What, str | Promise] = {
    What.HOST: lazy("the host %(name)s"),
    What.COMMAND: lazy("the command %(name)s"),
    What.PROXY: lazy("the proxy %(name)s"),
    What.CREDENTIAL: lazy("the credential %(name)s"),
}
_known: tuple[datetime, dict[int, list[Thing]]] | None = None


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One shared thing: `key` names it in the address, `hidden` are the alerts that it stands for.

    `count` of them fire, `pending` do not yet.
    """

    key: str
    text: str
    names: str
    level: str
    level_css: str
    since: Moment
    count: int
    pending: int
    hidden: frozenset[int]
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What the page shows instead of each: `hidden` are the alerts that stand in no line of their own."""

    causes: Sequence[Cause] = ()
    hidden: frozenset[int] = field(default_factory=frozenset)


def fold(now: datetime, shown: str = "") -> Folded:
    """Of all that fires. *shown* is the key of the one whose alerts a person wants to see each."""
    live = Episode.objects.exclude(state=Episode.State.RESOLVED).exclude(service=None)
    live = live.exclude(rule__condition__in=LEFT_OUT)
    rows = list(live.values_list("pk", "service_id", "service__name", "opened_at", "rule__level", "state"))
    services = {row[1] for row in rows if row[1] is not None and row[5] != Episode.State.PENDING}
    if len(services) < FEWEST:
        return Folded()
    found = [cause for cause in _causes(services, now) if cause.count >= FEWEST]
    causes = [_cause(cause, [row for row in rows if row[1] in cause.services], now, shown) for cause in found]
    hidden = (cause.hidden for cause in causes if not cause.shown)
    return Folded(causes=causes, hidden=frozenset().union(*hidden))


def _causes(services: Collection[int], now: datetime) -> Sequence[Shared]:
    things = _things(now)
    everywhere = Counter(thing for own in things.values() for thing in own)
    return common_cause.causes({key: things.get(key, []) for key in services}, everywhere)


def _things(now: datetime) -> dict[int, list[Thing]]:
    """What each service uses. For people of no scope it is kept for half a minute: pages ask often."""
    global _known
    if current():
        return shared.things()
    if _known is None or not timedelta(0) <= now - _known[0] < KNOWN_FOR:
        _known = (now, shared.things())
    return _known[1]


Row = tuple[int, int | None, str | None, datetime, str, str]


def _cause(cause: Shared, rows: Sequence[Row], now: datetime, shown: str) -> Cause:
    key = f"{cause.what.value}:{cause.name}"
    firing = [row for row in rows if row[5] != Episode.State.PENDING]
    level, css = LEVELS[digest.worst([row[4] for row in firing])]
    values = {"n": cause.count, "what": str(WORDS[cause.what]) % {"name": cause.name}}
    return Cause(
        key=key,
        text=_("%(n)d failing services share %(what)s.") % values,
        names=few(sorted({row[2] for row in rows if row[2]})),
        level=str(level),
        level_css=css,
        since=moment(min(row[3] for row in firing), now),
        count=len(firing),
        pending=len(rows) - len(firing),
        hidden=frozenset(row[0] for row in rows),
        shown=key == shown,
    )
