"""The pages with ten thousand services and their past, and the whole console with two hundred."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil

from mcpstore_site.benchmarks.http import browser
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.scratch import BenchmarkError, Clock, Scratch, free_port, names, said_first
from mcpstore_site.benchmarks.table import Line, line, rank

SERVICES, FEW = 10_000, 100
HELD, FEW_HELD = 200, 10
CHECKS, CHANGES = 200, 30
TARGET = Path(__file__).with_name("target.py")


def run(options: Options) -> list[Line]:
    """Many services at rest, then fewer that are held."""
    return [*_many(options), *_held(options)]


def _many(options: Options) -> list[Line]:
    count = options.services or (FEW if options.quick else SERVICES)
    with Scratch() as scratch:
        cookie = scratch.do("filling", "empty").split()[1]
        _register(scratch, {name: {"url": f"http://127.0.0.1:9/{name}"} for name in names(count)})
        scratch.do("filling", "states")
        scratch.do("filling", "history", CHECKS, CHANGES)
        paths = {
            f"services page, {count:,} services": "/services/",
            "the same, failing first": "/services/?sort=failing",
            "the same, searched": f"/services/?q={count - 1:05}",
            "service page": f"/services/{names(count)[-1]}/",
            "events of a service": f"/services/{names(count)[-1]}/events/",
        }
        counted = json.loads(scratch.do("counting", cookie, *paths.values()))
        web = scratch.web()
        with browser(scratch.port, cookie) as caller:
            caller.times(5, "GET", "/healthz")
            floor = f"{rank(caller.times(60, 'GET', '/healthz'), 0.95):.1f} ms, empty page"
            lines = []
            for what, path in paths.items():
                took = caller.times(10 if options.quick else 100, "GET", path)
                queries, size, inside = counted[path]
                limits = ("≤ 100 ms", "≤ 60 kB, ≤ 8 queries") if path == "/services/" else ("", "")
                lines.append(line(f"{what}: p95", rank(took, 0.95), "ms", reach=limits[0], floor=floor))
                more = f"{queries:.0f} queries, {inside:.1f} ms in process"
                lines.append(line(f"{what}: size", size, "kB", reach=limits[1], more=more))
        lines.append(line(f"web process, {count:,} services", Clock(web.pid).megabytes(), "MB"))
        past = f"{count * CHECKS:,} checks, {count * CHANGES:,} transitions over 90 days"
        lines.append(
            line("the past behind these pages", count * (CHECKS + CHANGES), "rows", digits=0, more=past)
        )
        return lines


def _register(scratch: Scratch, entries: dict[str, dict[str, str]]) -> None:
    path = scratch.place / "services.json"
    path.write_text(json.dumps(entries))
    scratch.do("filling", "register", path)


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
        up = scratch.start("manage.py", "up", "--port", str(scratch.port))
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
