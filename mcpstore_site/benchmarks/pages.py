"""The pages with ten thousand services and their past, and the whole console with two hundred."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil

from mcpstore_site.benchmarks import listed
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support.scratch import (
    BenchmarkError,
    Clock,
    Scratch,
    free_port,
    names,
    said_first,
)
from mcpstore_site.benchmarks.table import Line, line

SERVICES, FEW = 10_000, 60
HELD, FEW_HELD = 200, 4
TARGET = Path(__file__).parent / "support" / "target.py"


def run(options: Options) -> list[Line]:
    """Many services at rest, then fewer that are held."""
    return [*_many(options), *_held(options)]


def _many(options: Options) -> list[Line]:
    count = options.services or (FEW if options.quick else SERVICES)
    with Scratch() as scratch:
        services = {name: listed.entry(number) for number, name in enumerate(names(count))}
        (scratch.place / "services.json").write_text(json.dumps(services))
        steps = ("empty", "+", "register", scratch.place / "services.json", *listed.FILLED)
        cookie = scratch.do("filling", *steps).split()[1]
        web = scratch.web()
        paths = listed.pages(count) | {
            "service page": f"/services/{names(count)[-1]}/",
            "events of a service": f"/services/{names(count)[-1]}/events/",
        }
        lines = listed.page_lines(scratch, web.pid, cookie, paths, options)
        lines.append(line(f"web process, {count:,} services", Clock(web.pid).megabytes(), "MB"))
        return [*lines, listed.past(count)]


def _held(options: Options) -> list[Line]:
    """`manage.py up` in an empty directory, with an mcp.json that lies there, as on a first day."""
    count = FEW_HELD if options.quick else HELD
    with Scratch() as scratch:
        port = free_port()
        said_first(scratch.start(str(TARGET), "http", str(port)))
        eras = ("legacy", "modern")
        entries = {
            name: {"url": f"http://127.0.0.1:{port}/{eras[n % 2]}/{n}"} for n, name in enumerate(names(count))
        }
        scratch.data.mkdir(mode=0o700)
        (scratch.data / "mcp.json").write_text(json.dumps({"mcpServers": entries}))
        began = time.monotonic()
        up = scratch.start(*scratch.manage, "up", "--port", str(scratch.port))
        scratch.until_page("/login/")
        first = time.monotonic() - began
        healthy = "SELECT count(*) FROM lifecycle_servicestate WHERE state = 'HEALTHY'"
        scratch.until(lambda: scratch.number(healthy) >= count, f"{count} services are healthy", 120)
        serving = time.monotonic() - began
        time.sleep(1 if options.quick else 10)
        parts = _parts(up.pid)
        whole = sum(parts.values())
        more = ", ".join(f"{name} {size:.0f}" for name, size in parts.items())
        return [
            line("`manage.py up` on an empty directory → first page", first, "s"),
            line(f"the same → {count} services from its mcp.json healthy", serving, "s"),
            line(f"web + worker, {count} services held", whole, "MB", reach="≤ 300 MB", more=more),
        ]


def _parts(supervisor: int) -> dict[str, float]:
    """Resident megabytes of the supervisor and of what it runs."""
    found = {"supervisor": Clock(supervisor).megabytes()}
    for child in psutil.Process(supervisor).children():
        name = next((word for word in ("serve", "runlifecycle") if word in child.cmdline()), "other")
        found[{"serve": "web", "runlifecycle": "worker"}.get(name, name)] = Clock(child.pid).megabytes()
    if not {"web", "worker"} <= found.keys():
        raise BenchmarkError(f"web or worker is missing below `up`: {sorted(found)}")
    return found
