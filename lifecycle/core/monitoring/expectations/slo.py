"""Service level objectives: what a target allows, how fast it is used up, and what would page. Pure.

Times are in seconds, moments in seconds since 1970. Of a tag, the seconds of all its services are added; a
budget is that of one service on average. What nobody knows (a worker that is off, inconclusive checks) is in
no figure: it neither burns nor refills.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

BUCKET = 300
DAY = 86400
FAILED_PROBES, BAD_SECONDS = 3, 60.0
"""The floor: less than this pages nobody, for with a check each 30 s two failures are a blip."""
TOTAL = 90
"""A target of which everything was bad for so long is in total outage, whatever its goal allows."""
_ROUNDING = 1e-9


class Kind(StrEnum):
    AVAILABILITY = "availability"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Objective:
    """*goal* is the share that must be good, from 0 to 1, over so many *days*."""

    goal: float
    days: int

    @property
    def allowed(self) -> float:
        """The share that may be bad."""
        return 1 - self.goal

    @property
    def period(self) -> int:
        return self.days * DAY


@dataclass(frozen=True, slots=True)
class Tally:
    """What a stretch of time was, in seconds of services.

    `failed` are the failed checks of the member that had most, `worst` the bad seconds of the one that had
    most: what the floor asks for.
    """

    good: float = 0.0
    bad: float = 0.0
    excluded: float = 0.0
    failed: int = 0
    worst: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.good + other.good,
            self.bad + other.bad,
            self.excluded + other.excluded,
            self.failed + other.failed,
            self.worst + other.worst,
        )

    def part(self, share: float) -> Tally:
        """A share of it. Failed checks are whole: rounded down, so that a part never pages for the rest."""
        return Tally(
            self.good * share,
            self.bad * share,
            self.excluded * share,
            int(self.failed * share),
            self.worst * share,
        )

    @property
    def values(self) -> tuple[float, float, float, int, float]:
        """To be kept."""
        return self.good, self.bad, self.excluded, self.failed, self.worst

    @property
    def bad_share(self) -> float | None:
        """Of what is known and counts; None where nothing is."""
        known = self.good + self.bad
        return self.bad / known if known else None


NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two windows in seconds: the long one says that it matters, the short one that it goes on."""

    factor: float
    long: int
    short: int


PAIRS = (
    Pair(14.4, 3600, 300),
    Pair(6, 6 * 3600, 1800),
    Pair(3, DAY, 2 * 3600),
    Pair(1, 3 * DAY, 6 * 3600),
)
OUTAGE = Pair(0, TOTAL, TOTAL)
"""Stands for a total outage where a pair is asked for."""
WINDOWS = tuple(sorted({TOTAL, *(window for pair in PAIRS for window in (pair.long, pair.short))}))
LONGEST = WINDOWS[-1]


def burn(objective: Objective, tally: Tally) -> float | None:
    """How many times as fast as allowed the budget is used up; 1 uses it up exactly. None: not known."""
    share = tally.bad_share
    return None if share is None else share / objective.allowed


@dataclass(frozen=True, slots=True)
class Budget:
    """In seconds of one service on average; `left` is negative when more was used than there was."""

    total: float
    left: float

    @property
    def share(self) -> float:
        """Of it, what is left, from 0 to 1."""
        return min(max(self.left / self.total, 0.0), 1.0) if self.total > 0 else 0.0


def budget(objective: Objective, period: Tally, members: int) -> Budget:
    """What is left of the budget of the period. Only what is excluded makes it smaller."""
    many = max(members, 1)
    counting = max(objective.period - period.excluded / many, 0.0)
    total = objective.allowed * counting
    return Budget(total, total - period.bad / many)


def gone_at(left: Budget, rate: Tally, now: float) -> float | None:
    """When nothing is left, if it goes on as in *rate*; None where nothing is used up, or it is gone."""
    share = rate.bad_share
    return now + left.left / share if share and left.left > 0 else None


def reaches_floor(tally: Tally) -> bool:
    """Whether enough failed, and for long enough, to disturb anybody."""
    return tally.failed >= FAILED_PROBES and tally.worst >= BAD_SECONDS


def would_page(objective: Objective, windows: Mapping[int, Tally]) -> Pair | None:
    """The pair of windows for which somebody would be called, or None. *windows* are those of `WINDOWS`.

    A window of which nothing is known calls nobody.
    """
    for pair in PAIRS:
        rates = [burn(objective, windows.get(window, NOTHING)) for window in (pair.long, pair.short)]
        if all(rate is not None and rate >= pair.factor - _ROUNDING for rate in rates) and reaches_floor(
            windows[pair.long]
        ):
            return pair
    last = windows.get(TOTAL, NOTHING)
    total = last.bad >= BAD_SECONDS and not last.good
    return OUTAGE if total and reaches_floor(windows.get(PAIRS[0].long, NOTHING)) else None


Trail = list[tuple[int, int, Tally]]
"""Buckets of 5 minutes in the order of time: the start of the first, how many are alike, what each was."""


def extended(trail: Trail, fresh: Mapping[int, Tally], since: int) -> Trail:
    """*trail* with the buckets from the earliest of *fresh* on replaced, and without those before *since*."""
    first = min(fresh, default=since)
    kept = list(_cut(trail, since, first)) if fresh else list(_cut(trail, since, trail_end(trail)))
    for at in sorted(fresh):
        if at >= since:
            _append(kept, at, 1, fresh[at])
    return kept


def trail_end(trail: Trail) -> int:
    """Where the last bucket ends; 0 where there is none."""
    return trail[-1][0] + trail[-1][1] * BUCKET if trail else 0


def _cut(trail: Trail, start: int, end: int) -> Iterable[tuple[int, int, Tally]]:
    for at, many, tally in trail:
        first, last = max(at, start), min(at + many * BUCKET, end)
        if first < last:
            yield first, (last - first) // BUCKET, tally


def _append(trail: Trail, at: int, many: int, tally: Tally) -> None:
    if trail and trail_end(trail) == at and trail[-1][2] == tally:
        trail[-1] = (trail[-1][0], trail[-1][1] + many, tally)
    else:
        trail.append((at, many, tally))


def window(trail: Trail, start: float, end: float, now: float) -> Tally:
    """What was in [start, end); of a bucket that is cut, its share. The bucket of *now* ends now."""
    found = NOTHING
    for at, many, tally in trail:
        if at >= end or at + many * BUCKET <= start:
            continue
        for n in _touched(at, many, start, end):
            begin = at + n * BUCKET
            finish = min(begin + BUCKET, max(now, begin + 1))
            share = (min(finish, end) - max(begin, start)) / (finish - begin)
            if share > 0:
                found += tally if share >= 1 else tally.part(share)
    return found


def _touched(at: int, many: int, start: float, end: float) -> Sequence[int]:
    first = max(int((start - at) // BUCKET), 0)
    last = min(int(-(-(end - at) // BUCKET)), many)
    return range(first, last)


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Of several members at the same time: their seconds added, the worst of them."""
    good = bad = excluded = worst = 0.0
    failed = 0
    for tally in tallies:
        good, bad, excluded = good + tally.good, bad + tally.bad, excluded + tally.excluded
        failed, worst = max(failed, tally.failed), max(worst, tally.worst)
    return Tally(good, bad, excluded, failed, worst)
