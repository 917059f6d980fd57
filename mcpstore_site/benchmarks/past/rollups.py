"""What roll-ups cost each check, what they save whoever asks for percentiles, and an upgrade to them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from mcpstore_site.benchmarks.engine import Bench, Watch
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.past.filled import PATIENCE, Filled, load, register
from mcpstore_site.benchmarks.support.scratch import Scratch, free_port, said_first
from mcpstore_site.benchmarks.table import Line, line

BATCHES, FEW_BATCHES = 600, 60
HELD, FEW_HELD = 400, 6
WATCHED, QUICKLY, SETTLE = 20.0, 3.0, 5.0
MONTH, FEW_DAYS = 30, 2
TOGETHER, FEW_TOGETHER = 10, 2
CHECKS, FEW_CHECKS = 2900, 30
OLD_SERVICES, FEW_OLD = 2000, 6
PROGRAMS = "mcpstore_site.benchmarks.past"
TARGET = Path(__file__).parents[1] / "support" / "target.py"
BACKFILL_FOR, LOOK_EVERY, PACE_LOOKS = 120.0, 0.5, 40
LEFT = """
SELECT count(*) FROM registry_service WHERE id > (
  SELECT service_id FROM lifecycle_rollupmark WHERE name = 'backfill')"""


def cost(filled: Filled, options: Options) -> list[Line]:
    """Of one check: all of it as a worker spends it, what of that its roll-ups are, and what comes later."""
    whole = _whole_check(options)
    batches = FEW_BATCHES if options.quick else BATCHES
    found = json.loads(filled.scratch.run("-m", f"{PROGRAMS}.cost", str(batches), limit=PATIENCE))
    more, later = found["with"] - found["without"], found["later"]
    parts = ", ".join(f"{what} {1000 * ms:.0f} µs" for what, ms in found["steps"].items())
    bare = max(whole - more - later, 1e-6)
    return [
        line("one check, all in", whole, "ms CPU", digits=2, more=load()),
        line("writing one check without roll-ups", 1000 * found["without"], "µs CPU", digits=0),
        line(
            "roll-ups written with a check",
            100 * more / bare,
            "% more CPU",
            reach="≤ 5 %",
            more=f"{1000 * more:.0f} µs",
        ),
        line("roll-ups made later, in the background", 100 * later / bare, "% more CPU", more=parts),
    ]


def _whole_check(options: Options) -> float:
    """Milliseconds of CPU that a worker spends for each check of services that it holds."""
    count, seconds = (FEW_HELD, QUICKLY) if options.quick else (HELD, WATCHED)
    with Scratch() as scratch:
        bench = Bench(scratch, Options(services=count, seconds=seconds, quick=True))
        bench.register(bench.http("steady", count, 1))
        bench.until("HEALTHY", count, "steady")
        time.sleep(0 if options.quick else SETTLE)
        return Watch(bench).each


def merge(options: Options) -> list[Line]:
    """Percentiles of 30 days, from roll-ups and from single checks."""
    days, services = (FEW_DAYS, FEW_TOGETHER) if options.quick else (MONTH, TOGETHER)
    with Scratch() as scratch:
        register(scratch, services, "+", "states")
        found = json.loads(scratch.run("-m", f"{PROGRAMS}.merging", str(days), limit=PATIENCE))
    lines = [
        line(
            f"merging {found['rows']:,} rows of 5 minutes",
            found["merge"],
            "ms CPU",
            reach="≤ 15 ms",
            more=load(),
        )
    ]
    for what, (ours, naive) in found["times"].items():
        both = f"{ours:.1f} ms against {naive:,.0f} ms of CPU"
        reach = "≥ 50 ×" if what.startswith("p50") else ""
        lines.append(
            line(
                f"{what}, {days} days: faster than SQL over checks", naive / ours, "×", reach=reach, more=both
            )
        )
    error = 100 * abs(found["ours_ms"] / found["exact_ms"] - 1)
    return [*lines, line("p95 of those days, from what it exactly is", error, "%", digits=2, reach="≤ 2.5 %")]


def upgrade(options: Options) -> list[Line]:
    """The console starts with many checks of the version before, which it sums up beside its work."""
    checks = FEW_CHECKS if options.quick else CHECKS
    count = options.services or (FEW_OLD if options.quick else OLD_SERVICES)
    with Scratch() as scratch:
        port = free_port()
        said_first(scratch.start(str(TARGET), "http", str(port)))
        register(scratch, count, address=f"http://127.0.0.1:{port}/legacy")
        rows = int(scratch.run("-m", f"{PROGRAMS}.upgrading", str(checks), limit=PATIENCE))
        floor, first = _empty(), _up(scratch)
        busy, what = load(), f"upgrade with {rows:,} checks of {count:,} services"
        share, seconds = _summed_up(scratch, count)
        guessed = "" if share == 1 else f", the last {100 - 100 * share:.0f} % at the pace seen"
        more = f"beside connecting all services{guessed}, {load()}"
        return [
            line(f"{what} → first page", first, "s", reach="≤ 10 s", floor=floor, more=busy),
            line("the same → all of them summed up", seconds, "s", more=more),
        ]


def _empty() -> str:
    """What a start takes without any data."""
    with Scratch() as scratch:
        return f"{_up(scratch):.1f} s, on an empty directory"


def _up(scratch: Scratch) -> float:
    """Seconds from `manage.py up` to the first page."""
    began = time.monotonic()
    scratch.start(*scratch.manage, "up", "--port", str(scratch.port))
    scratch.until_page("/login/", PATIENCE)
    return time.monotonic() - began


def _summed_up(scratch: Scratch, services: int) -> tuple[float, float]:
    """The share of services whose checks were seen to be summed up, and the seconds that all take.

    What is left after a while is taken to go on at the pace of its last part, when most are connected.
    """
    began, seen = time.monotonic(), list[tuple[float, float]]()

    def share() -> float:
        seen.append((time.monotonic() - began, 1 - scratch.number(LEFT) / services))
        (seconds, done), (before, then) = seen[-1], seen[-PACE_LOOKS:][0]
        enough = seconds > BACKFILL_FOR and done > then and before > 0
        return done if done == 1 or enough else 0

    done = scratch.until(share, "older checks are summed up", PATIENCE, LOOK_EVERY)
    return done, _to_the_end(seen[-PACE_LOOKS:], done)


def _to_the_end(seen: Sequence[tuple[float, float]], done: float) -> float:
    """Seconds until all is done; *seen* are seconds and shares."""
    (before, then), (seconds, _) = seen[0], seen[-1]
    return seconds if done == 1 else seconds + (1 - done) * (seconds - before) / (done - then)
