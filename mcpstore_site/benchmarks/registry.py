"""Registration and reading with ten thousand services, over real HTTP to a real web process."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress

from mcpstore_site.benchmarks import listed
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support import floors
from mcpstore_site.benchmarks.support.http import Caller, bearer
from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock, Scratch, names
from mcpstore_site.benchmarks.table import Line, line, rank

SERVICES, FEW = 10_000, 60
HUGE, LARGE = 100_000_000, 20_000_000


def run(options: Options) -> list[Line]:
    """Import, register one by one, look through the lists with a past, export, refuse what is too large."""
    count = options.services or (FEW if options.quick else SERVICES)
    with Scratch() as scratch:
        token, cookie = scratch.do("filling", "empty").split()
        web = scratch.web()
        lines = [_import(scratch, count)]
        with bearer(scratch.port, token) as caller:
            lines.append(_again(scratch, caller, Clock(web.pid), count))
            lines += _one_by_one(scratch, caller, Clock(web.pid), count, 20 if options.quick else 200)
        scratch.do("filling", *listed.FILLED[1:])
        lines += listed.page_lines(scratch, web.pid, cookie, listed.pages(count), options)
        lines += listed.rest_lines(scratch, token, count, options)
        with bearer(scratch.port, token) as caller:
            lines.append(_export(caller, count))
        lines.append(_refusal(scratch.port, token, Clock(web.pid), LARGE if options.quick else HUGE))
        lines.append(line("web process at the end", Clock(web.pid).megabytes(), "MB"))
        return [*lines, listed.past(count)]


def _import(scratch: Scratch, count: int) -> Line:
    """By the command line, which shows how far it has come."""
    entries = {name: listed.entry(number) for number, name in enumerate(names(count))}
    body = json.dumps({"mcpServers": entries}).encode()
    (scratch.place / "services.json").write_bytes(body)
    started = time.perf_counter()
    said = scratch.run(*scratch.manage, "mcpjson", "import", str(scratch.place / "services.json"))
    seconds = time.perf_counter() - started
    if said.count("created") != count:
        raise BenchmarkError(f"import: {said[:300]!r}")
    told = scratch.log().count(f" of {count:,} entries")
    what = f"import of {count:,} in one document ({len(body) / 1e3:,.0f} kB)"
    floor = f"{_floor_of_parsing(body):.2f} s to parse the JSON"
    return line(what, seconds, "s", digits=2, more=f"progress told {told} times", floor=floor)


def _again(scratch: Scratch, caller: Caller, clock: Clock, count: int) -> Line:
    answer = caller.ask("POST", "/api/v1/services", (scratch.place / "services.json").read_bytes())
    if answer.status != 200 or answer.body.count(b'"unchanged"') != count:
        raise BenchmarkError(f"import again: {answer.status} {answer.body[:300]!r}")
    more = f"{clock.used()[0]:.1f} s CPU"
    return line(
        "the same document again over REST, all unchanged", answer.ms / 1000, "s", digits=2, more=more
    )


def _floor_of_parsing(body: bytes) -> float:
    started = time.perf_counter()
    json.loads(body)
    return time.perf_counter() - started


def _one_by_one(scratch: Scratch, caller: Caller, clock: Clock, count: int, times: int) -> list[Line]:
    took = []
    for number in range(times):
        name = f"one-more-{number:04}"
        answer = caller.ask("POST", "/api/v1/services", {"mcpServers": {name: listed.entry(number)}})
        if b'"created"' not in answer.body:
            raise BenchmarkError(f"registering: {answer.status} {answer.body[:300]!r}")
        took.append(answer.ms)
        time.sleep(0.02)
    cpu = 1000 * clock.used()[0] / times
    half, p99 = floors.commit_ms(scratch.place)
    bare = caller.times(times, "GET", "/healthz")
    what = f"registration of one more, {count:,} there"
    return [
        line(
            f"{what}, p50",
            rank(took, 0.5),
            "ms",
            floor=f"{half + rank(bare, 0.5):.1f} ms, commit + empty page",
        ),
        line(
            f"{what}, p99",
            rank(took, 0.99),
            "ms",
            reach="≤ 50 ms",
            floor=f"{p99 + rank(bare, 0.99):.1f} ms, commit + empty page",
        ),
        line("the same, CPU with the export it causes", cpu, "ms"),
    ]


def _export(caller: Caller, count: int) -> Line:
    export = caller.get("/api/v1/mcp.json")
    if export.body.count(b'"url"') < count:
        raise BenchmarkError("the exported document does not hold all services")
    size = f"{len(export.body) / 1e3:,.0f} kB"
    return line(f"export of {count:,}", export.ms / 1000, "s", digits=2, more=size)


def _refusal(port: int, token: str, clock: Clock, size: int) -> Line:
    """Send a body that is far too large, and go on sending until there is an answer."""
    before = clock.megabytes()
    head = (
        "POST /api/v1/services HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {size}\r\n\r\n"
    )
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        with suppress(OSError):  # it may hang up before all is sent
            connection.sendall(head.encode())
            part = b" " * 1_000_000
            for _ in range(size // len(part)):
                connection.sendall(part)
        answer = connection.recv(65536)
    seconds = time.perf_counter() - started
    if not answer.startswith(b"HTTP/1.1 4"):
        raise BenchmarkError(f"{size} bytes were answered by {answer[:100]!r}")
    more = f"{answer[9:12].decode()}, {clock.megabytes() - before:+.0f} MB"
    what = f"refusal of {size / 1e6:,.0f} MB"
    return line(what, seconds, "s", digits=2, reach="< 1 s, < 20 MB", more=more)
