"""What 90 days of two thousand services amount to: pages, charts, export, what roll-ups cost, an upgrade.

The past is made by a generator with a fixed seed, in a database of its own. Each figure says how busy the
machine was meanwhile; what is compared is of one run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.past import rollups, streaming
from mcpstore_site.benchmarks.past.filled import Filled, load
from mcpstore_site.benchmarks.support.http import Answer, bearer, browser
from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock
from mcpstore_site.benchmarks.table import Line, line, rank

SERVICES, FEW = 2000, 12
DAYS, FEW_DAYS = 90, 3
DOWN, FEW_DOWN = 40, 2
TIMES, FEW_TIMES = 30, 3
RANGES = ("1h", "24h", "7d", "30d", "90d")
PAGE, LIST = "p95 ≤ 100 ms, ≤ 10 queries", "p95 ≤ 100 ms, ≤ 60 kB, ≤ 8 queries"
CHART = "p95 ≤ 60 ms, ≤ 720 points"
Found = TypeVar("Found")
STREAMED_FOR, BRIEFLY = 30.0, 5.0


def run(options: Options) -> list[Line]:
    """All parts, or those of `--only`; those that look at the same past first."""
    unknown = set(options.only) - {*ON_THE_PAST, *ALONE}
    if unknown:
        raise BenchmarkError(f"no part {', '.join(unknown)}; there are {', '.join((*ON_THE_PAST, *ALONE))}")
    lines: list[Line] = []
    if chosen := [name for name in ON_THE_PAST if name in (options.only or ON_THE_PAST)]:
        with _made(options) as filled:
            for name in chosen:
                lines += _timed(name, partial(ON_THE_PAST[name], filled, options))
    for name in (name for name in ALONE if name in (options.only or ALONE)):
        lines += _timed(name, partial(ALONE[name], options))
    return lines


def _made(options: Options) -> Filled:
    quick = options.quick
    count = options.services or (FEW if quick else SERVICES)
    days, down = (FEW_DAYS, FEW_DOWN) if quick else (DAYS, min(DOWN, count // 2))
    filled = Filled(count, options.days or days, down)
    _timed(f"a past of {filled.days} days of {count:,} services", filled.fill)
    return filled


def _timed(what: str, work: Callable[[], Found]) -> Found:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"monitoring: {what} … ")
    sys.stderr.flush()
    started = time.monotonic()
    found = work()
    sys.stderr.write(f"{time.monotonic() - started:.0f} s, {load()}\n")
    return found


def _pages(filled: Filled, options: Options) -> list[Line]:
    """What people look at first, while some are down."""
    whole = f"{filled.services:,} services, {filled.down} down"
    paths = {
        f"overview, {whole}": "/",
        "page of a service": f"/services/{filled.well}/",
        "page of one that is down": f"/services/{filled.ill}/",
    }
    lists = {f"services list, {whole}": "/services/"}
    return [*_asked(filled, options, paths, PAGE), *_asked(filled, options, lists, LIST)]


def _charts(filled: Filled, options: Options) -> list[Line]:
    """The numbers behind the charts, each range of one service, and of all together."""
    one, every = f"/services/{filled.well}/charts.json", "/overview/charts.json"
    asked = {f"chart data of a service, {name}": f"{one}?range={name}" for name in RANGES}
    asked |= {f"chart data of all, {name}": f"{every}?range={name}" for name in RANGES[1:]}
    return _asked(filled, options, asked, CHART)


def _asked(filled: Filled, options: Options, paths: Mapping[str, str], reach: str) -> list[Line]:
    """p95 of each in ms; beside it p50, CPU of the web process, queries, size and points."""
    counted = json.loads(filled.scratch.do("counting", filled.cookie, *paths.values()))
    times, found = FEW_TIMES if options.quick else TIMES, []
    with browser(filled.scratch.port, filled.cookie) as caller:
        for what, path in paths.items():
            first = caller.get(path)
            clock = Clock(filled.web.pid)
            took = caller.times(times, "GET", path)
            cpu, (queries, size, _, again) = 1000 * clock.used()[0] / times, counted[path]
            parts = [
                f"p50 {rank(took, 0.5):.1f}",
                f"{cpu:.0f} ms CPU",
                f"{queries:.0f} queries" + (f" ({again:.0f} soon after)" if again != queries else ""),
                f"{size:.1f} kB",
            ]
            more = ", ".join([*parts, *_points(first, reach), load()])
            found.append(line(f"{what}, p95", rank(took, 0.95), "ms", reach=reach, more=more))
    return found


def _points(answer: Answer, reach: str) -> list[str]:
    if reach != CHART:
        return []
    charts = json.loads(answer.body)["charts"].values()
    return [f"{max((len(chart['x']) for chart in charts), default=0)} points"]


def _size(filled: Filled, options: Options) -> list[Line]:
    """What the rows take up, of which the checks are there without roll-ups, too."""
    each = {span: size / max(rows, 1) for span, (rows, size) in filled.sizes.items()}
    data = filled.scratch.number("SELECT avg(length(data)) FROM lifecycle_rollup5m")
    day = sum(each[span] * 86_400 / span for span in (300, 3600, 86_400))
    found = filled.scratch.data / "mcpstore.sqlite3"
    parts = ", ".join(f"{rows:,} of {span or 30} s" for span, (rows, _) in filled.sizes.items())
    return [
        line("a 5-minute row, its data", data, "bytes", reach="≤ 25 bytes"),
        line("a 5-minute row, on disk", each[300], "bytes"),
        line(
            "a service and day of roll-ups, on disk",
            day / 1000,
            "kB",
            more=f"{2880 * each[0] / 1000:.0f} kB of checks",
        ),
        line("the whole database", found.stat().st_size / 1e6, "MB", digits=0, more=parts),
    ]


def _scrape(filled: Filled, options: Options) -> list[Line]:
    """`/metrics`, as Prometheus asks for it."""
    times = FEW_TIMES if options.quick else TIMES // 2
    with bearer(filled.scratch.port, filled.token) as caller:
        size = len(caller.get("/metrics").body) / 1000
        clock = Clock(filled.web.pid)
        took = caller.times(times, "GET", "/metrics")
        cpu = 1000 * clock.used()[0] / times
    more = f"p50 {rank(took, 0.5):.0f}, {cpu:.0f} ms CPU, {size:,.0f} kB, {load()}"
    return [line(f"/metrics of {filled.services:,} services, p95", rank(took, 0.95), "ms", more=more)]


def _export(filled: Filled, options: Options) -> list[Line]:
    """Memory of the web process while all of 90 days streams out."""
    limit = BRIEFLY if options.quick else STREAMED_FOR
    path = f"/api/v1/export.json?range={RANGES[-1]}"
    found = streaming.read(filled.scratch.port, path, filled.token, filled.web.pid, limit)
    much = "all of it" if found.whole else f"the first {found.seconds:.0f} s"
    more = f"{found.most - found.early:+.1f} MB after the first fifth; {found.before:.0f} MB before"
    return [
        line(
            "export.json of 90 days, memory",
            found.most - found.before,
            "MB more",
            reach="constant",
            more=more,
        ),
        line(
            f"export.json of 90 days, {much}",
            found.megabytes / found.seconds,
            "MB/s",
            more=f"{found.megabytes:.1f} MB, {load()}",
        ),
    ]


ON_THE_PAST: dict[str, Callable[[Filled, Options], list[Line]]] = {
    "pages": _pages,
    "charts": _charts,
    "size": _size,
    "metrics": _scrape,
    "export": _export,
    "cost": rollups.cost,
}
ALONE: dict[str, Callable[[Options], list[Line]]] = {"merge": rollups.merge, "upgrade": rollups.upgrade}
