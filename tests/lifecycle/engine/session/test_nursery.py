"""One process forks the supervisors of all servers: none of them must notice that the others are there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.child import marker, nursery
from lifecycle.engine.session.child.marker import Mark
from lifecycle.engine.session.child.nursery import Nursery
from lifecycle.engine.session.child.process import Child, Command
from lifecycle.engine.session.connection import ConnectionFault
from tests.support.holding import STDIO_DOUBLE, Holder, alive, stdio, until
from tests.support.tools import ROOT

SLEEPER = Command(command="sleep", args=("600",), env={}, cwd=None)
WORKER = """
import asyncio, json, os, sys, time
from pathlib import Path
from lifecycle.engine.session.child import nursery
from lifecycle.engine.session.child.marker import Mark
from lifecycle.engine.session.child.process import Child, Command

run_dir, program, how, count, *args = sys.argv[1:]
nursery.PROGRAM = Path(program)
if how == "halting":
    Child._send_config = lambda child, command: child._control.write(b'{"command": "sl')

async def main():
    mark = Mark.of_this_process(Path(run_dir))
    command = Command(command=sys.executable, args=tuple(args), env={}, cwd=None)
    one, tasks = nursery.Nursery(mark.child(0)), set()

    async def start(number):
        child = await Child.start(command, mark.child(number), tasks, one)
        while not child.stderr.text():
            await asyncio.sleep(0.01)
        print(json.dumps([one.pid, child.supervisor_pid, child.pid]), flush=True)

    await asyncio.gather(*map(start, range(1, 1 + int(count))))
    if how == "leaky":
        if (pid := os.fork()) == 0:
            time.sleep(600)
        print(pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
OLD_KERNEL = """
import os, runpy, sys
vars(os).pop("pidfd_open", None)
os.path.exists = lambda path: False
runpy.run_path({program!r}, run_name="__main__")
"""


@contextlib.contextmanager
def worker(
    run_dir: Path, count: int, how: str = "", program: Path = nursery.PROGRAM, fault: str = "orphan"
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own, killed at the end at the latest."""
    arguments = [str(run_dir), str(program), how, str(count), "-I", "-S", str(STDIO_DOUBLE), fault]
    process = subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, cwd=ROOT)
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[bytes]) -> Any:
    """The next line of a worker."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def left_of(run_dir: Path) -> list[int]:
    """Whoever carries a mark of this installation: servers and what they started, supervisors, nurseries."""
    ours = Mark.of_this_process(run_dir).installation
    return [pid for pid, text in marker._marked() if text.startswith(ours) and alive(pid)]


def nobody_is_left(run_dir: Path, limit: float = 6) -> None:
    deadline = time.monotonic() + limit
    while left := left_of(run_dir):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.fixture(params=["here", "old-kernel"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The program as it is; and where the kernel neither tells of a worker's end nor lists children."""
    return nursery.PROGRAM if request.param == "here" else old_kernel(tmp_path)


def old_kernel(folder: Path) -> Path:
    path = folder / "supervisor.py"
    path.write_text(OLD_KERNEL.format(program=str(nursery.PROGRAM)))
    return path


@pytest.mark.parametrize("fault", ["orphan", "stubborn-orphan"])
def test_nobody_outlives_a_worker_whose_sockets_stay_open_in_another_process(
    tmp_path: Path, program: Path, fault: str
) -> None:
    """Then no socket tells of its end."""
    with worker(tmp_path, 2, "leaky", program, fault) as process:
        pids = [pid for _ in range(2) for pid in said(process)]
        leak = said(process)
        try:
            assert all(alive(pid) for pid in [*pids, leak])
            process.kill()
            nobody_is_left(tmp_path)
            assert alive(leak)
        finally:
            os.kill(leak, signal.SIGKILL)


def test_nobody_outlives_a_worker_whose_nursery_was_killed_before(tmp_path: Path) -> None:
    with worker(tmp_path, 2) as process:
        (one, *pids), (_, *more) = said(process), said(process)
        os.kill(one, signal.SIGKILL)
        time.sleep(0.3)
        assert all(alive(pid) for pid in [*pids, *more])
        process.kill()
        nobody_is_left(tmp_path)


def test_where_a_nursery_stands_for_its_worker_its_end_is_that_of_all(tmp_path: Path) -> None:
    """On an old kernel; what ends so is connected again as after any exit."""
    with worker(tmp_path, 2, program=old_kernel(tmp_path)) as process:
        (one, *_), _ = said(process), said(process)
        os.kill(one, signal.SIGKILL)
        nobody_is_left(tmp_path)
        assert process.poll() is None


@pytest.mark.parametrize("started", [0, 1, 5, 11])
def test_nobody_outlives_a_worker_that_is_killed_while_it_starts_them(tmp_path: Path, started: int) -> None:
    with worker(tmp_path, 12) as process:
        for _ in range(started):
            said(process)
        if not started:
            while not left_of(tmp_path):
                time.sleep(0.001)
        process.kill()
        nobody_is_left(tmp_path)


def test_nobody_outlives_a_worker_that_is_killed_in_the_middle_of_what_it_says(tmp_path: Path) -> None:
    with worker(tmp_path, 3, "halting") as process:
        while len(left_of(tmp_path)) < 4:
            time.sleep(0.01)
        process.kill()
        nobody_is_left(tmp_path)


def test_a_supervisor_waits_for_a_stubborn_server_without_computing(tmp_path: Path) -> None:
    with worker(tmp_path, 1, fault="stubborn-orphan") as process:
        _, supervisor, child = said(process)
        process.kill()
        used = 0.0
        with contextlib.suppress(psutil.Error):
            while alive(child):
                used = sum(psutil.Process(supervisor).cpu_times()[:2])
                time.sleep(0.05)
    assert used < 0.3


async def test_an_order_to_kill_ends_the_grace(holder: Holder) -> None:
    connection = await holder.open(stdio("stubborn"))
    gentle = asyncio.create_task(connection.close())
    await asyncio.sleep(0.5)
    assert alive(connection.pid)
    started = time.monotonic()
    await connection.close(force=True)
    await until(lambda: not alive(connection.pid))
    assert time.monotonic() - started < 1
    await gentle


async def test_a_killed_nursery_takes_no_server_along_and_is_replaced(holder: Holder) -> None:
    first = await holder.open(stdio("orphan"))
    killed = holder.connector._nursery.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: not alive(killed))
    second = await holder.open(stdio())
    assert holder.connector._nursery.pid not in (0, killed)
    for connection in (first, second):
        assert (await connection.probe(2)).fault is None
    await first.close()
    assert not alive(first.pid)
    assert not alive(int(first.stderr().split()[0]))
    assert holder.lost == []


async def test_a_nursery_that_is_killed_with_a_server_in_its_hands_costs_that_server_nothing(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await holder.open(stdio())
    one = holder.connector._nursery
    handed = asyncio.Event()
    hand_over = one.hand_over

    def noticed(*descriptors: int) -> None:
        hand_over(*descriptors)
        handed.set()

    monkeypatch.setattr(one, "hand_over", noticed)
    killed = one.pid
    os.kill(killed, signal.SIGSTOP)
    opening = asyncio.create_task(holder.open(stdio()))
    await handed.wait()
    os.kill(killed, signal.SIGKILL)
    connection = await opening
    assert (await connection.probe(2)).fault is None
    assert one.pid not in (0, killed)


async def test_a_nursery_that_does_nothing_is_replaced(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await holder.open(stdio())
    stuck = holder.connector._nursery.pid
    os.kill(stuck, signal.SIGSTOP)
    with monkeypatch.context() as patched:
        patched.setattr("lifecycle.engine.session.child.process.START_LIMIT", 0.3)
        with pytest.raises(ConnectionFault) as caught:
            await holder.open(stdio())
    assert (caught.value.fault.kind, "did not answer" in caught.value.fault.message) == (Kind.SPAWN, True)
    second = await holder.open(stdio())
    for connection in (first, second):
        assert (await connection.probe(2)).fault is None
    await until(lambda: not alive(stuck))


async def test_a_server_ends_with_its_own_orphans_and_not_those_of_another(holder: Holder) -> None:
    stays, goes = [await holder.open(stdio("orphan")) for _ in range(2)]
    kept, gone = (int(connection.stderr().split()[0]) for connection in (stays, goes))
    await goes.close(force=True)
    await until(lambda: not alive(gone), 3)
    assert alive(kept)
    assert (await stays.probe(2)).fault is None


async def test_a_killed_supervisor_takes_along_its_own_server_alone(holder: Holder) -> None:
    stays, goes = [await holder.open(stdio("orphan")) for _ in range(2)]
    kept, gone = (int(connection.stderr().split()[0]) for connection in (stays, goes))
    os.kill(parent_of(goes.pid), signal.SIGKILL)
    await until(lambda: not alive(goes.pid) and not alive(gone), 3)
    await until(lambda: bool(holder.lost))
    assert alive(kept)
    assert (await stays.probe(2)).fault is None
    assert len(holder.lost) == 1


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def open_of(pid: int) -> dict[int, str]:
    """What each descriptor of a process is."""
    return {int(link.name): str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}


async def test_nobody_holds_the_pipes_of_another(holder: Holder) -> None:
    connections = [await holder.open(stdio()) for _ in range(3)]
    pipes = [open_of(connection.pid) for connection in connections]
    assert [sorted(one) for one in pipes] == [[0, 1, 2]] * 3
    others = [holder.connector._nursery.pid, *(parent_of(connection.pid) for connection in connections)]
    held = {text for pid in others for text in open_of(pid).values()}
    assert held.isdisjoint(text for one in pipes for text in one.values())


OF_A_THREAD = """
import signal, subprocess, threading, time
signal.signal(signal.SIGTERM, lambda *_: None)
shell = "trap 'echo heard >&2; exit' TERM; echo ready >&2; while :; do sleep 0.05; done"
start = lambda: subprocess.Popen(["sh", "-c", shell], start_new_session=True).wait()
threading.Thread(target=start, daemon=True).start()
while True:
    time.sleep(1)
"""


async def test_what_a_thread_of_a_server_started_is_asked_to_end_before_it_is_killed(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nursery, "PROGRAM", program)
    command = Command(command=sys.executable, args=("-I", "-S", "-c", OF_A_THREAD), env={}, cwd=None)
    tasks: set[asyncio.Task[None]] = set()
    one = Nursery("nobody")
    child = await Child.start(command, Mark.of_this_process(tmp_path).child(1), tasks, one)
    await until(lambda: "ready" in child.stderr.text())
    await child.stop(force=False)
    assert child.gone.done()
    assert "heard" in child.stderr.text()
    await asyncio.gather(*tasks)
    await one.aclose()


@pytest.fixture
async def sleepers(tmp_path: Path) -> AsyncIterator[list[Child]]:
    """Forty servers that heed SIGTERM alone."""
    tasks: set[asyncio.Task[None]] = set()
    mark, one = Mark.of_this_process(tmp_path), Nursery("nobody")
    children = [await Child.start(SLEEPER, mark.child(number), tasks, one) for number in range(1, 41)]
    yield children
    await asyncio.gather(*(child.stop(force=True) for child in children))
    await asyncio.gather(*tasks)
    await one.aclose()


async def test_forty_servers_end_together_within_two_seconds(sleepers: list[Child]) -> None:
    started = time.monotonic()
    await asyncio.gather(*(child.stop(force=False) for child in sleepers))
    assert time.monotonic() - started < 2
    assert all(child.gone.done() and not alive(child.pid) for child in sleepers)
    assert {child.ending() for child in sleepers} == {"the process was killed by SIGTERM"}


async def test_a_supervisor_takes_less_than_two_megabytes(sleepers: list[Child]) -> None:
    """Of pages that several processes have, each counts with its share."""
    sizes = [proportional(child.supervisor_pid) for child in sleepers]
    assert sum(sizes) / len(sizes) < 2 * 1024


def proportional(pid: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
