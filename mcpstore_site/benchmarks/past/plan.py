"""Which day each service had when: calm ones, and one in six with an outage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from lifecycle.core.monitoring.spans import DAY
from mcpstore_site.benchmarks.past import shapes
from mcpstore_site.benchmarks.past.shapes import Shape

SEED = 11
TYPICAL_MS = (4, 12, 35, 90, 220, 600)
CALM, TROUBLED = 4, 2
ONE_IN = 6
SHORTEST, LONGEST = 120, 5400
DOWN_FOR = 420


@dataclass(frozen=True)
class Plan:
    """`days[n][d]` is the number of the shape that service *n* had on day *d* after the midnight `first`."""

    shapes: Sequence[Shape]
    days: Sequence[Sequence[int]]
    first: int
    now: int

    def counted(self, day: int) -> Counter[int]:
        """How many services had which shape."""
        return Counter(each[day] for each in self.days)

    def midnights(self) -> Iterator[tuple[int, int]]:
        """Number and first second of each day, the one under way last."""
        for day in range(len(self.days[0])):
            yield day, self.first + day * DAY

    def outages(self) -> Iterator[tuple[int, int, int]]:
        """Service, first second and last one, in the order of the services; the last one may lie ahead."""
        for n, each in enumerate(self.days):
            for day, midnight in self.midnights():
                outage = self.shapes[each[day]].outage
                if outage and midnight + outage[0] <= self.now:
                    yield n, midnight + outage[0], midnight + outage[1]


def make(services: int, days: int, down: int, now: int) -> Plan:
    """The last *days* days of UTC and the one under way; *down* services are down since a few minutes."""
    random = Random(SEED)  # noqa: S311 - nothing secret
    speeds = TYPICAL_MS[:services]
    made = [_kinds(random, typical) for typical in speeds]
    today = now // DAY * DAY
    began = max(now - DOWN_FOR - today, 0) // shapes.EVERY * shapes.EVERY
    for kinds, typical in zip(made, speeds, strict=True):
        kinds.append(shapes.make(random, typical, (began, DAY)))
    each = len(made[0])
    chosen = [
        [_choice(random, n % len(made), each) for _ in range(days)]
        + [n % len(made) * each + (each - 1 if n < down else n % CALM)]
        for n in range(services)
    ]
    return Plan([shape for kinds in made for shape in kinds], chosen, today - days * DAY, now)


def _kinds(random: Random, typical: float) -> list[Shape]:
    calm = [shapes.make(random, typical) for _ in range(CALM)]
    return [*calm, *(shapes.make(random, typical, _outage(random)) for _ in range(TROUBLED))]


def _outage(random: Random) -> tuple[int, int]:
    start, length = random.randrange(3600, 72_000), random.randrange(SHORTEST, LONGEST)
    return start // shapes.EVERY * shapes.EVERY, (start + length) // shapes.EVERY * shapes.EVERY


def _choice(random: Random, kind: int, each: int) -> int:
    troubled = random.randrange(ONE_IN) == 0
    return kind * each + (CALM + random.randrange(TROUBLED) if troubled else random.randrange(CALM))
