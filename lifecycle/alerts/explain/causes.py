"""Open alerts that share a host, command, proxy or credential, as one line of the alerts page (4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.episodes.listing.queries import Bunch
from lifecycle.alerts.outbox.content import shared
from lifecycle.alerts.presenter import LEVELS, Moment, moment
from lifecycle.core.alerting import common_cause, digest
from lifecycle.core.alerting.common_cause import Shared, Thing, What
from lifecycle.core.alerting.evaluate import MEASURED, Condition
from lifecycle.models import Episode
from registry.core.scope import Limits
from registry.dependencies.links import NAMED_AT_MOST
from registry.models.limits import current

FEWEST = 3
"""Two lines are shown as they are."""
LINES = 20
KNOWN_FOR = timedelta(seconds=30)
VIEWS_KNOWN = 32
LEFT_OUT = (Condition.TOOLS_CHANGED, Condition.MASS_FAILURE, *MEASURED)
WORDS: dict[What, str | Promise] = {
    What.HOST: lazy("the host %(name)s"),
    What.COMMAND: lazy("the command %(name)s"),
    What.PROXY: lazy("the proxy %(name)s"),
    What.CREDENTIAL: lazy("the credential %(name)s"),
}


@dataclass(frozen=True, kw_only=True)
class Used:
    """What each service uses, and how many use each thing, as it was a moment ago."""

    at: datetime
    things: Mapping[int, Sequence[Thing]]
    everywhere: Mapping[Thing, int]


_known: dict[Limits, Used] = {}


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One shared thing, and the alerts that it stands for: `count` of them fire, of which nobody has
    taken `untaken` on; `pending` do not yet fire.

    `key` names it in the address; `oldest` are the first alerts of some of its services.
    """

    key: str
    text: str
    level: str
    level_css: str
    count: int
    untaken: int
    pending: int
    services: frozenset[int]
    oldest: Sequence[int]
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What the page shows instead of each: the alerts of `hidden` services stand in no line of their own."""

    causes: Sequence[Cause] = ()
    hidden: frozenset[int] = field(default_factory=frozenset)

    def left(self, bunch: Bunch) -> Sequence[int]:
        """Those that have a line of their own."""
        if bunch.condition in LEFT_OUT or not self.hidden:
            return bunch.ids
        pairs = zip(bunch.ids, bunch.services, strict=True)
        return [pk for pk, service in pairs if service not in self.hidden]


def fold(found: Sequence[Bunch], now: datetime, shown: str = "") -> Folded:
    """Of all that is open. *shown* is the key of the one whose alerts a person wants to see each."""
    told = [bunch for bunch in found if bunch.condition not in LEFT_OUT]
    oldest = _oldest(bunch for bunch in told if not bunch.pending)
    if len(oldest) < FEWEST:
        return Folded()
    likely = [share for share in _shares(oldest, now) if share.count >= FEWEST][:LINES]
    owner: dict[int | None, int] = {}
    for number, share in enumerate(likely):
        owner.update(dict.fromkeys(share.services, number))
    counted = [(bunch, Counter(map(owner.get, bunch.services))) for bunch in told]
    causes = [
        _cause(share, [(bunch, counts[number]) for bunch, counts in counted], oldest, shown)
        for number, share in enumerate(likely)
    ]
    hidden = (cause.services for cause in causes if not cause.shown)
    return Folded(causes=causes, hidden=frozenset().union(*hidden))


def _oldest(firing: Iterable[Bunch]) -> dict[int, int]:
    """The first alert of each service."""
    found: dict[int, int] = {}
    for bunch in firing:
        for service, pk in zip(bunch.services, bunch.ids, strict=True):
            if service is not None and found.get(service, pk) >= pk:
                found[service] = pk
    return found


def _cause(
    share: Shared, counted: Sequence[tuple[Bunch, int]], oldest: Mapping[int, int], shown: str
) -> Cause:
    key = f"{share.what.value}:{share.name}"
    level, css = LEVELS[digest.worst([bunch.level for bunch, n in counted if n and not bunch.pending])]
    values = {"n": share.count, "what": str(WORDS[share.what]) % {"name": share.name}}
    return Cause(
        key=key,
        text=_("%(n)d failing services share %(what)s.") % values,
        level=str(level),
        level_css=css,
        count=sum(count for bunch, count in counted if not bunch.pending),
        untaken=sum(count for bunch, count in counted if bunch.untaken),
        pending=sum(count for bunch, count in counted if bunch.pending),
        services=share.services,
        oldest=nsmallest(NAMED_AT_MOST, (oldest[service] for service in share.services)),
        shown=key == shown,
    )


def untaken(found: Sequence[Bunch], key: str, now: datetime) -> list[int]:
    """Those of one cause that nobody has taken on, also where too few are left to be folded."""
    cause = next((cause for cause in fold(found, now).causes if cause.key == key), None)
    services = cause.services if cause else _users(key, now)
    told = [bunch for bunch in found if bunch.untaken and bunch.condition not in LEFT_OUT]
    pairs = (pair for bunch in told for pair in zip(bunch.ids, bunch.services, strict=True))
    return [pk for pk, service in pairs if service in services]


def _users(key: str, now: datetime) -> frozenset[int]:
    """The services that use what a cause is named after."""
    things = _used(now).things.items()
    return frozenset(one for one, own in things if any(f"{what.value}:{name}" == key for what, name in own))


@dataclass(frozen=True, kw_only=True)
class CauseRow:
    """One line of the alerts page for many alerts."""

    cause: Cause
    names: str
    since: Moment


def cause_rows(causes: Iterable[Cause], rows: Mapping[int, Episode], now: datetime) -> list[CauseRow]:
    """Those whose first alerts are among the *rows*; one that ended a moment ago has none."""
    known = [(cause, [rows[pk] for pk in cause.oldest if pk in rows]) for cause in causes]
    return [
        CauseRow(cause=cause, names=_named(first, len(cause.services)), since=moment(first[0].opened_at, now))
        for cause, first in known
        if first
    ]


def _named(rows: Sequence[Episode], services: int) -> str:
    names = ", ".join(sorted(row.service.name for row in rows if row.service))
    more = services - len(rows)
    return _("%(names)s and %(n)d more") % {"names": names, "n": more} if more else names


def _shares(failing: Collection[int], now: datetime) -> Sequence[Shared]:
    used = _used(now)
    return common_cause.causes({key: used.things.get(key, ()) for key in failing}, used.everywhere)


def _used(now: datetime) -> Used:
    """For those who see the same services it is kept for half a minute: pages ask often."""
    limits = current()
    known = _known.get(limits)
    if known is None or not timedelta(0) <= now - known.at < KNOWN_FOR:
        things = shared.things()
        known = Used(
            at=now, things=things, everywhere=Counter(thing for own in things.values() for thing in own)
        )
        if len(_known) >= VIEWS_KNOWN:
            _known.clear()
        _known[limits] = known
    return known
