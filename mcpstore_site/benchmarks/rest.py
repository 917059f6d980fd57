"""What the web process weighs while many clients of REST ask without a pause, for as long as one likes."""

from __future__ import annotations

import json
import time

from mcpstore_site.benchmarks import listed
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support import crowd
from mcpstore_site.benchmarks.support.http import bearer
from mcpstore_site.benchmarks.support.meanwhile import Meanwhile
from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock, Scratch, names
from mcpstore_site.benchmarks.table import Line, line, rank, slope

SERVICES, FEW = 10_000, 60
CLIENTS, FEW_CLIENTS = 200, 10
SECONDS, QUICKLY = 60.0, 2.0
WARM = 20


def run(options: Options) -> list[Line]:
    """Lists, searches, single services and tools, by turns."""
    count = options.services or (FEW if options.quick else SERVICES)
    clients = FEW_CLIENTS if options.quick else CLIENTS
    seconds = options.seconds or (QUICKLY if options.quick else SECONDS)
    with Scratch() as scratch:
        services = {name: listed.entry(number) for number, name in enumerate(names(count))}
        (scratch.place / "services.json").write_text(json.dumps(services))
        steps = ("empty", "+", "register", scratch.place / "services.json", *listed.FILLED)
        token = scratch.do("filling", *steps).split()[0]
        web = scratch.web()
        asked = [crowd.request("GET", path, token) for path in paths(count)]
        with bearer(scratch.port, token) as caller:
            floor = f"{rank(caller.times(WARM, 'GET', '/healthz'), 0.5):.1f} ms, one empty answer"
        with Weight(web.pid) as weight:
            found = crowd.again_and_again(scratch.port, asked, clients, seconds)
        if found.bad:
            raise BenchmarkError(f"not all was answered by 200: {found.bad}")
        what = f"{clients} clients of REST, {count:,} services, {seconds:,.0f} s"
        return [
            line(f"{what}: answers", found.good / found.seconds, "/s", floor=floor),
            line(f"{what}: p99", rank(found.ms, 0.99), "ms", digits=0),
            line(f"{what}: memory", weight.at_most, "MB", reach="≤ 250 MB", more=weight.course),
        ]


def paths(count: int) -> list[str]:
    """What programs ask for."""
    last = names(count)[-1]
    return [
        "/api/v1/services?page_size=50",
        f"/api/v1/services?q=-{count - 1:05}",
        "/api/v1/services?state=HEALTHY&page=2&page_size=20",
        f"/api/v1/services?tag=tag-{listed.TAGS - 1}",
        f"/api/v1/services/{last}",
        f"/api/v1/services/{last}/tools",
        "/api/v1/overview",
        "/api/v1/episodes",
    ]


class Weight(Meanwhile):
    """The memory of a process, looked at each second."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._clock = Clock(pid)
        self._seen: list[tuple[float, float]] = [(time.monotonic(), self._clock.megabytes())]

    def _go_on(self) -> None:
        while not self._stop.wait(1.0):
            self._seen.append((time.monotonic(), self._clock.megabytes()))

    @property
    def at_most(self) -> float:
        """Megabytes."""
        return max(size for _, size in self._seen)

    @property
    def course(self) -> str:
        """From where to where it went, and how fast in the second half."""
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        later = self._seen[len(self._seen) // 2 :]
        grown = f"{slope(later) * 3600:+.0f} MB/h in the second half"
        return f"{first:.0f} MB at first, {last:.0f} after {ended - began:.0f} s, {grown}"
