"""Many at once: registrations over REST, and readers, on one web process with SQLite.

With another checkout beside this one, both are measured in turn in the same run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from mcpstore_site.benchmarks import listed
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support import crowd, floors
from mcpstore_site.benchmarks.support.crowd import Answers
from mcpstore_site.benchmarks.support.scratch import ROOT, BenchmarkError, Scratch, names
from mcpstore_site.benchmarks.table import Line, line, rank

MANY, MIDDLE, FEW = 1000, 200, 20
SERVICES, READERS, SECONDS = 200, 200, 10.0
LIST = "/api/v1/services?page_size=50"


def run(options: Options) -> list[Line]:
    """This checkout, after the other one if there is one."""
    lines = _measure(options, options.against, "before: ") if options.against else []
    return [*lines, *_measure(options, ROOT, "")]


def _measure(options: Options, root: Path, prefix: str) -> list[Line]:
    many = options.services or (FEW if options.quick else MANY)
    middle, readers = (FEW, FEW) if options.quick else (MIDDLE, READERS)
    seconds = options.seconds or (1.0 if options.quick else SECONDS)
    with Scratch(root) as scratch:
        services = {name: listed.entry(number) for number, name in enumerate(names(SERVICES))}
        (scratch.place / "services.json").write_text(json.dumps(services))
        steps = ("empty", "+", "register", scratch.place / "services.json", "+", "states")
        token = scratch.do("filling", *steps).split()[0]
        scratch.web()
        crowd.all_at_once(scratch.port, [crowd.request("GET", LIST, token)] * 8)
        found = crowd.again_and_again(scratch.port, [crowd.request("GET", LIST, token)], readers, seconds)
        lines = _read(f"{prefix}{readers} readers of the list", found)
        floor = f"{floors.commit_ms(scratch.place)[0]:.1f} ms, one commit"
        for number, count in enumerate((middle, many)):
            found = crowd.all_at_once(scratch.port, _registrations(count, f"burst-{number}", token))
            lines += _registered(f"{prefix}{count:,} registrations at once", found, count, floor)
            _compare(scratch, found, f"burst-{number}-%")
    return lines


def _registrations(count: int, prefix: str, token: str) -> list[bytes]:
    bodies = ({name: listed.entry(number)} for number, name in enumerate(names(count, prefix)))
    return [crowd.request("POST", "/api/v1/services", token, json.dumps(body).encode()) for body in bodies]


def _read(what: str, found: Answers) -> list[Line]:
    load = f"load average {os.getloadavg()[0]:.1f}"
    more = "; ".join(part for part in (found.bad, load) if part)
    return [
        line(f"{what}, answers", found.good / found.seconds, "/s", more=more),
        line(f"{what}, p50", rank(found.ms, 0.5), "ms"),
        line(f"{what}, p99", rank(found.ms, 0.99), "ms"),
    ]


def _registered(what: str, found: Answers, count: int, floor: str) -> list[Line]:
    refused = count - found.good
    return [
        line(f"{what}, refused", refused, "", reach="0", digits=0, more=found.bad),
        line(f"{what}, p50", rank(found.ms, 0.5) / 1000, "s", digits=2),
        line(f"{what}, p99", rank(found.ms, 0.99) / 1000, "s", digits=2, reach="≤ 10 s"),
        line(f"{what}, saved", found.good / found.seconds, "/s", floor=floor),
    ]


def _compare(scratch: Scratch, found: Answers, like: str) -> None:
    """What was told to be saved is there."""
    kept = scratch.number("SELECT count(*) FROM registry_service WHERE name LIKE ?", like)
    if kept < found.good:
        raise BenchmarkError(f"{found.good} registrations were answered by 200, {kept:g} are there")
