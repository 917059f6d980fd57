"""What is left after the worker itself is killed, and the buffers between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lifecycle.engine.session.child import marker
from lifecycle.engine.session.child.lines import LineSplitter, Ring
from tests.support.holding import STDIO_DOUBLE, alive
from tests.support.tools import ROOT

WORKER = """
import asyncio, json, sys
from pathlib import Path
from lifecycle.engine.session.child.marker import Mark
from lifecycle.engine.session.child.nursery import Nursery
from lifecycle.engine.session.child.process import Child, Command

async def main():
    mark = Mark.of_this_process(Path(sys.argv[1]))
    command = Command(command=sys.executable, args=tuple(sys.argv[2:]), env={}, cwd=None)
    nursery = Nursery(mark.child(0))
    children = [await Child.start(command, mark.child(number), set(), nursery) for number in (1, 2, 3)]
    await asyncio.sleep(0.5)
    print(json.dumps([[child.pid, int(child.stderr.text().split()[0])] for child in children]), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def start_worker(run_dir: Path, fault: str = "orphan") -> tuple[subprocess.Popen[bytes], list[int]]:
    """A worker with three children and three grandchildren, each in a session of its own."""
    arguments = [str(run_dir), "-I", "-S", str(STDIO_DOUBLE), fault]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, cwd=ROOT, env=dict(os.environ)
    )
    assert worker.stdout is not None
    pids = [pid for pair in json.loads(worker.stdout.readline()) for pid in pair]
    assert all(alive(pid) for pid in pids)
    return worker, pids


def reap(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()
    assert worker.stdout is not None
    worker.stdout.close()


@pytest.mark.parametrize("fault", ["orphan", "stubborn-orphan"])
def test_nobody_outlives_a_killed_worker_by_six_seconds(tmp_path: Path, fault: str) -> None:
    """Also who heeds neither SIGTERM nor the end of its stdin."""
    worker, pids = start_worker(tmp_path, fault)
    reap(worker)
    deadline = time.monotonic() + 6
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if alive(pid)]
        time.sleep(0.05)


def test_the_sweep_ends_children_of_dead_workers_only(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
    mark = marker.Mark.of_this_process(tmp_path)
    gone = f"{mark.installation}.{2**22 - 1}.1.1"
    marks = [gone, mark.child(1), "another.1.1.1"]
    left = [subprocess.Popen(command, env={marker.MARKER: text}) for text in marks]
    try:
        deadline = time.monotonic() + 5
        while len([1 for _, text in marker._marked() if text in marks]) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert marker.sweep(mark.installation) == 1
        assert left[0].wait(5) == -9
        assert [process.poll() for process in left[1:]] == [None, None]
    finally:
        for process in left:
            process.kill()
            process.wait()


def test_lines_are_cut_wherever_the_chunks_end() -> None:
    splitter = LineSplitter(limit=10)
    chunks = [b"one\ntw", b"o\n\nthr", b"ee", b"\n"]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == [b"one", b"two", b"", b"three"]


def test_a_long_line_is_dropped_once_and_the_next_is_whole() -> None:
    splitter = LineSplitter(limit=10)
    chunks = [b"x" * 8, b"x" * 8, b"x" * 8 + b"\nshort\n" + b"y" * 10 + b"\n" + b"z" * 11 + b"\n"]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == [None, b"short", b"y" * 10, None]


def test_twenty_megabytes_without_an_end_take_no_time() -> None:
    splitter = LineSplitter()
    started = time.monotonic()
    lines = [line for _ in range(20 * 16) for line in splitter.feed(b"x" * 65536)]
    assert lines == [None]
    assert time.monotonic() - started < 0.5


def test_the_ring_keeps_the_end() -> None:
    ring = Ring(size=10)
    for text in (b"hello ", b"wide ", b"world\n", b"\n"):
        ring.write(text)
    assert ring.text() == "de world\n\n"
    ring.write(b"a" * 50)
    assert ring.text() == "a" * 10
