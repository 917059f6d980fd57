"""The list of services with a past behind it: whole, searched and by each filter, as page and over REST."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support.http import Caller, bearer, browser
from mcpstore_site.benchmarks.support.scratch import Clock, Scratch
from mcpstore_site.benchmarks.table import Line, line, rank

CHECKS, CHANGES = 200, 30
AGENT, TAGS = "half", 20


def entry(number: int) -> dict[str, object]:
    """One of many services: an address, and one of a few tags."""
    return {"url": f"http://127.0.0.1:9/mcp/{number}", "tags": [f"tag-{number % TAGS}"]}


FILLED = ("+", "states", "+", "agent", AGENT, "+", "history", CHECKS, CHANGES)
"""Steps of `filling`: states, tools, an agent with half of the services, and the past."""


def past(count: int) -> Line:
    """What stands behind the figures."""
    more = f"{count * CHECKS:,} checks, {count * CHANGES:,} transitions over 90 days"
    return line("the past behind the lists", count * (CHECKS + CHANGES), "rows", digits=0, more=more)


def asked(count: int) -> dict[str, str]:
    """What is looked for, as a query."""
    return {
        "all": "",
        "searched by a part of the name": f"q=-{count - 1:05}",
        "searched by what all match": "q=service",
        "by state": "state=HEALTHY",
        "by transport": "transport=streamable-http",
        "by tag": f"tag=tag-{TAGS - 1}",
        "by agent": f"agent={AGENT}",
    }


def pages(count: int) -> dict[str, str]:
    """What people look at, by path."""
    whole = f"list page, {count:,} services"
    found = {f"{whole}, {what}": f"/services/?{query}" for what, query in asked(count).items()}
    return found | {f"{whole}, failing first": "/services/?sort=failing"}


def page_lines(
    scratch: Scratch, web: int, cookie: str, paths: Mapping[str, str], options: Options
) -> list[Line]:
    """p95 of each page, its cost to the process *web*, size and queries; lists have a figure to reach."""
    counted = json.loads(scratch.do("counting", cookie, *paths.values()))
    found, times = [], 5 if options.quick else 60
    with browser(scratch.port, cookie) as caller:
        floor = _floor(caller, times)
        for what, path in paths.items():
            queries, size, *_ = counted[path]
            reach = "≤ 100 ms, ≤ 60 kB, ≤ 8 queries" if what.startswith("list") else ""
            clock = Clock(web)
            took = _p95(caller, path, times)
            cpu = 1000 * clock.used()[0] / (times + 1)
            more = f"{cpu:.0f} ms CPU, {size:.1f} kB, {queries:.0f} queries"
            found.append(line(f"{what}, p95", took, "ms", reach=reach, more=more, floor=floor))
    return found


def rest_lines(scratch: Scratch, token: str, count: int, options: Options) -> list[Line]:
    """p95 of the same questions over REST."""
    times = 5 if options.quick else 60
    with bearer(scratch.port, token) as caller:
        floor = _floor(caller, times)
        return [
            line(f"REST list, {what}, p95", took, "ms", reach="≤ 100 ms", floor=floor)
            for what, query in asked(count).items()
            for took in [_p95(caller, f"/api/v1/services?{query}", times)]
        ]


def _floor(caller: Caller, times: int) -> str:
    return f"{_p95(caller, '/healthz', times):.1f} ms, empty page"


def _p95(caller: Caller, path: str, times: int) -> float:
    caller.get(path)
    return rank(caller.times(times, "GET", path), 0.95)
