"""Alerts: ten thousand services that fail at once, and what rules cost while nothing happens.

Beside the storm, in the same run, the old way: a message, and a transaction, for each alert.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time

from mcpstore_site.benchmarks import engine, listed
from mcpstore_site.benchmarks.alerts.receiving import Receivers
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support.http import browser
from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock, Scratch, names
from mcpstore_site.benchmarks.table import Line, line, rank

SERVICES, FEW = 10_000, 40
RULES, CHANNELS = 20, 8
WATCHED, BRIEFLY = 300.0, 10.0
OLD_SERVICES, OLD_FEW, OLD_WATCHED = 300, 10, 40.0
JUDGED, JUDGED_BRIEFLY = 120, 35
COUNTS = (0, 20, 200)
EVERY, HOLD = 30, 15
CHECKED, CHECKED_FEW = 400, 10
PAGES = ("/", "/alerts/", "/services/?sort=failing")
PROGRAM = "mcpstore_site.benchmarks.alerts.raging"


def run(options: Options) -> list[Line]:
    """The storm, the same in the old way with fewer services, and the rules at rest."""
    count = options.services or (FEW if options.quick else SERVICES)
    seconds = options.seconds or (BRIEFLY if options.quick else WATCHED)
    few = min(count, OLD_FEW if options.quick else OLD_SERVICES)
    hold = 1 if options.quick else HOLD
    new = _storm(count, seconds, hold)
    old = _storm(few, BRIEFLY if options.quick else min(seconds, OLD_WATCHED), hold, alone=True)
    return [*new.lines(), *old.compared(new), *_at_rest(count, options)]


class _Storm:
    """What was seen of one."""

    def __init__(self, count: int, seconds: float, hold: int) -> None:
        self.count, self.seconds, self.hold = count, seconds, hold
        self.committed = self.fired = self.memory = self.cpu = 0.0
        self.episodes = self.told = 0
        self.page_ms: dict[str, list[float]] = {}
        self.receivers = Receivers()

    @property
    def rate(self) -> float:
        """Alerts that fired in a second, after the time that their rules wait."""
        return self.told / max(self.fired - self.hold, 0.001)

    def lines(self) -> list[Line]:
        what = f"{self.count:,} fail at once, {RULES} rules, {CHANNELS} channels"
        members = f"of {max(self.receivers.alerts.values(), default=0):,} alerts"
        within = f"messages to a channel in {self.seconds:.0f} s"
        return [
            line(f"{what}: all committed", self.committed, "s", reach="≤ 60 s", more=self._episodes()),
            line(
                f"{what}: all that is due is queued",
                self.fired,
                "s",
                more=self._fired(),
            ),
            line(f"{what}: {within}", self.receivers.most, "", digits=0, reach="≤ 3", more=members),
            line(f"{what}: pages meanwhile, p95", self._p95(), "ms", reach="≤ 150 ms", more=self._pages()),
            line(f"{what}: worker", self.memory, "MB at most"),
        ]

    def _p95(self) -> float:
        return rank([ms for times in self.page_ms.values() for ms in times], 0.95)

    def _pages(self) -> str:
        """Each for itself."""
        return ", ".join(f"{path} {rank(times, 0.95):.0f}" for path, times in self.page_ms.items())

    def _fired(self) -> str:
        return f"{self.told:,} alerts, {self.hold} s of it their rules wait; {self.cpu:.1f} s of CPU"

    def _episodes(self) -> str:
        return f"{self.episodes:,} alerts"

    def compared(self, new: _Storm) -> list[Line]:
        """This is the old way."""
        most = max(self.receivers.messages.values(), default=0)
        floor = f"{new.rate:,.0f}/s together, {new.rate / max(self.rate, 0.001):.0f} × as many"
        return [
            line(f"old way, {self.count:,} services: alerts", self.rate, "/s", floor=floor),
            line(f"old way, {self.count:,} services: messages to a channel", most, "", digits=0),
        ]


FIRED = "SELECT count(*) FROM lifecycle_episode WHERE fired_at IS NOT NULL"


def _storm(count: int, seconds: float, hold: int, alone: bool = False) -> _Storm:
    seen = _Storm(count, seconds, hold)
    with Scratch() as scratch, seen.receivers as receivers:
        scratch.environment["MCPSTORE_EGRESS_ALLOW"] = "127.0.0.0/8"
        cookie = _filled(scratch, count)
        given = (receivers.port, CHANNELS, RULES, hold)
        scratch.run("-m", PROGRAM, "setup", *map(str, given))
        scratch.web()
        worker = scratch.start("-m", PROGRAM, "run", str(seconds), *(["alone"] if alone else []))
        watch = _Watch(scratch, cookie, worker)
        _go(worker)
        seen.committed, _ = _said(scratch, worker, "all")
        seen.episodes = int(scratch.number("SELECT count(*) FROM lifecycle_episode"))
        seen.fired, seen.cpu = _said(scratch, worker, "fired")
        seen.told = int(scratch.number(FIRED))
        worker.wait(seconds + 60)
        seen.page_ms, seen.memory = watch.end()
    return seen


def _filled(scratch: Scratch, count: int) -> str:
    services = {name: listed.entry(number) for number, name in enumerate(names(count))}
    (scratch.place / "services.json").write_text(json.dumps(services))
    steps = ("empty", "+", "register", scratch.place / "services.json", "+", "states")
    return scratch.do("filling", *steps).split()[1]


def _go(worker: subprocess.Popen[str]) -> None:
    if worker.stdin is None:
        raise BenchmarkError("nobody reads the sign to begin")
    worker.stdin.write("go\n")
    worker.stdin.flush()


def _said(scratch: Scratch, worker: subprocess.Popen[str], what: str) -> tuple[float, float]:
    """Seconds, and of CPU."""
    while worker.stdout is not None and (said := worker.stdout.readline()):
        if said.startswith(f"{what} "):
            _, seconds, cpu = said.split()
            return float(seconds), float(cpu)
    raise BenchmarkError(f"the storm ended before it said {what!r}\n{scratch.log()[-3000:]}")


class _Watch:
    """Looks at pages again and again, and at the worker's memory, until `end`."""

    def __init__(self, scratch: Scratch, cookie: str, worker: subprocess.Popen[str]) -> None:
        self._scratch, self._cookie, self._worker = scratch, cookie, worker
        self._stop, self._most = threading.Event(), 0.0
        self._times: dict[str, list[float]] = {path: [] for path in PAGES}
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        clock = Clock(self._worker.pid)
        with browser(self._scratch.port, self._cookie) as caller:
            for path in PAGES:
                caller.get(path)
            while not self._stop.is_set() and self._worker.poll() is None:
                for path in PAGES:
                    self._times[path].append(caller.get(path).ms)
                if self._worker.poll() is None:
                    self._most = max(self._most, clock.megabytes())
                time.sleep(0.1)

    def end(self) -> tuple[dict[str, list[float]], float]:
        self._stop.set()
        self._thread.join(60)
        return self._times, self._most


def _at_rest(count: int, options: Options) -> list[Line]:
    """What rules cost for each check, in per cent of what a check costs."""
    seconds = JUDGED_BRIEFLY if options.quick else JUDGED
    check = _check_ms(options)
    with Scratch() as scratch:
        _filled(scratch, count)
        cost = {rules: _judged(scratch, rules, seconds) for rules in COUNTS}
    checks = count * seconds / EVERY
    return [
        line(
            f"{rules} rules, {count:,} services at rest",
            100 * ms / checks / check,
            "% of a check",
            digits=2,
            reach="≤ 3 %" if rules == RULES else "",
            more=f"{1000 * ms / checks:.1f} µs",
            floor=f"{check:.2f} ms, one check all in",
        )
        for rules, ms in cost.items()
    ]


def _judged(scratch: Scratch, rules: int, seconds: int) -> float:
    """CPU milliseconds."""
    return float(scratch.run("-m", PROGRAM, "judge", str(rules), str(seconds)).split()[-1])


def _check_ms(options: Options) -> float:
    """CPU milliseconds of a health check, all in, measured now."""
    own = Options(services=CHECKED_FEW if options.quick else CHECKED, quick=options.quick)
    with Scratch() as scratch:
        bench = engine.Bench(scratch, own)
        bench.register(bench.http("steady", bench.services, 1))
        bench.until("HEALTHY", bench.services, "steady")
        return engine.Watch(bench).each
