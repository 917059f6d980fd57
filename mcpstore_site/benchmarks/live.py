"""How soon a committed change shows: in one real Chromium, and on many sockets at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock, Scratch, names, said_first
from mcpstore_site.benchmarks.table import Line, line, missing, rank

SOCKETS, FEW, SOCKETS_OF_ONE = 1000, 20, 40
RATE, SLOWLY = 20, 4
SHOWN, SERVICES = 50, 200
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
]
WATCH = """() => {
  window.seen = [];
  const own = "[id^=service-]";
  const state = (row) => (row.outerHTML.includes("s-warning") ? "WARNING" : "HEALTHY");
  const now = () => performance.timeOrigin + performance.now();
  const note = (row) => window.seen.push([row.id, state(row), now()]);
  const look = (node) => {
    if (node.matches?.(own)) note(node);
    node.querySelectorAll?.(own).forEach(note);
  };
  const changed = (change) => {
    change.addedNodes.forEach(look);
    const row = change.target.closest?.(own);
    if (row) note(row);
  };
  const everything = {subtree: true, childList: true, attributes: true};
  new MutationObserver((changes) => changes.forEach(changed)).observe(document.body, everything);
}"""

Moves = list[tuple[int, int, str, float]]


def run(options: Options) -> list[Line]:
    """One browser first, then many sockets."""
    seconds = options.seconds or (2 if options.quick else 15)
    sockets = options.services or (FEW if options.quick else SOCKETS)
    with Scratch() as scratch:
        path = scratch.place / "services.json"
        path.write_text(json.dumps({name: {"url": f"http://127.0.0.1:9/{name}"} for name in names(SERVICES)}))
        cookie = scratch.do("filling", "empty", "+", "register", path, "+", "states").split()[1]
        web = scratch.web()
        return [
            *_browser(scratch, cookie, seconds),
            *_sockets(scratch, web.pid, cookie, sockets, seconds),
        ]


@contextmanager
def _mover(scratch: Scratch, rate: float, seconds: float) -> Iterator[subprocess.Popen[str]]:
    process = scratch.program("moving", rate, seconds)
    said_first(process)
    yield process
    scratch.end(process)


def _moves(mover: subprocess.Popen[str], seconds: float) -> Moves:
    said, _ = mover.communicate("go\n", timeout=seconds + 60)
    moves: Moves = [(int(feed), int(ref), str(state), float(at)) for feed, ref, state, at in json.loads(said)]
    return moves


def _browser(scratch: Scratch, cookie: str, seconds: float) -> list[Line]:
    what, reach = "committed → changed in the browser", "p50 ≤ 30 ms, p99 ≤ 60 ms"
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        return [
            missing(what, "no Chromium that playwright could drive; `make test` installs both", reach=reach)
        ]
    with sync_playwright() as playwright, _mover(scratch, SLOWLY, seconds) as mover:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": scratch.address}])
        page = context.new_page()
        page.goto(f"{scratch.address}/services/")
        page.wait_for_selector(".sign")
        time.sleep(1.5)
        page.evaluate(WATCH)
        moves = _moves(mover, seconds)
        time.sleep(1)
        seen = page.evaluate("() => window.seen")
        browser.close()
    return _of_browser(moves, seen, what)


def _of_browser(moves: Moves, seen: list[Any], what: str) -> list[Line]:
    took = []
    for _, ref, state, at in moves:
        shown = [
            when
            for row, now, when in seen
            if row == f"service-{ref}" and now == state and when >= 1000 * at - 5
        ]
        if not shown:
            raise BenchmarkError(f"a change was never seen in the browser: service {ref} to {state}")
        took.append(max(0.0, min(shown) - 1000 * at))
    more = f"{len(took)} changes"
    return [
        line(f"{what}, p50", rank(took, 0.5), "ms", reach="p50 ≤ 30 ms", more=more),
        line(f"{what}, p99", rank(took, 0.99), "ms", reach="p99 ≤ 60 ms"),
    ]


def _sockets(scratch: Scratch, web: int, cookie: str, count: int, seconds: float) -> list[Line]:
    more = scratch.do("filling", "browsers", count // SOCKETS_OF_ONE).split()
    scratch.environment["COOKIE"] = " ".join([cookie, *more])
    ids = [
        row[0] for row in scratch.rows("SELECT id FROM registry_service ORDER BY lower(name) LIMIT ?", SHOWN)
    ]
    show = json.dumps({"show": [f"service-{key}" for key in ids] + ["count-all"]})
    listening = scratch.program("listening", scratch.port, count, show)
    said_first(listening)
    with _mover(scratch, RATE, seconds) as mover:
        time.sleep(1)
        clock, theirs = Clock(web), Clock(listening.pid)
        moves = _moves(mover, seconds)
        share, other = clock.share(), theirs.share()
    time.sleep(2)
    said, _ = listening.communicate(timeout=60)
    took = list(_delays(moves, json.loads(said)))
    what = f"{count:,} browsers, {RATE} changes/s"
    return [
        line(f"{what}: p50", 1000 * rank(took, 0.5), "ms", digits=0),
        line(f"{what}: p99", 1000 * rank(took, 0.99), "ms", reach="≤ 300 ms", digits=0),
        line(
            f"{what}: web process",
            share,
            "% of a core",
            reach="≤ 25 %",
            more=f"{Clock(web).megabytes():.0f} MB",
            floor=f"{other:.1f} % for the clients",
        ),
    ]


def _delays(moves: Moves, clients: list[list[tuple[int, float]]]) -> Iterator[float]:
    """For each client and change, the seconds until the first frame that holds it."""
    for frames in clients:
        reached = [feed for feed, _ in frames]
        for feed, _, _, at in moves:
            place = bisect_left(reached, feed)
            if place == len(frames):
                raise BenchmarkError("a change never reached a socket")
            yield max(0.0, frames[place][1] - at)
