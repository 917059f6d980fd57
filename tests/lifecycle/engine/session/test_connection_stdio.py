from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from pathlib import Path

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import ConnectionFault
from registry.core.entries.entry import ServiceConfig
from tests.support.holding import Holder, alive, stdio, until


async def refused(holder: Holder, entry: ServiceConfig, limit: float = 8) -> ConnectionFault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(entry, timeout=limit)
    return caught.value


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_child_is_held_checked_listed_and_called(holder: Holder, era: str) -> None:
    connection = await holder.open(stdio(era=era))
    assert connection.greeting.protocol_version == ("2025-11-25" if era == "legacy" else "2026-07-28")
    assert (await connection.probe(2)).fault is None
    assert [tool.name for tool in (await connection.content(2)).tools] == ["echo"]
    outcome = await connection.call_tool("echo", {"message": "grüße"}, 2)
    assert outcome.content == [{"type": "text", "text": "grüße"}]


def script(folder: Path, text: str, mode: int = 0o755) -> ServiceConfig:
    """A program of one file; relative to its working directory."""
    (folder / "server").write_bytes(text.encode("latin-1"))
    (folder / "server").chmod(mode)
    return ServiceConfig(transport="stdio", command="./server", cwd=str(folder))


@pytest.mark.parametrize(
    ("text", "mode", "cause", "says"),
    [
        ("#!/no/such/interpreter\n", 0o755, Cause.NO_INTERPRETER, "interpreter of its first line is not"),
        ("#!/usr/bin/env python3\r\n", 0o755, Cause.NO_INTERPRETER, None),
        ("print('a script without its first line')\n", 0o755, Cause.NOT_A_PROGRAM, "not a program"),
        ("\x7fELF\x02\x01\x01" + "\0" * 40, 0o755, Cause.NOT_A_PROGRAM, "not a program"),
        ("#!/bin/sh\n", 0o644, Cause.NOT_EXECUTABLE, "not executable"),
    ],
    ids=["interpreter", "windows-line-ends", "no-shebang", "other-machine", "no-permission"],
)
async def test_a_file_that_cannot_be_run_is_told_apart_from_a_command_that_is_missing(
    holder: Holder, tmp_path: Path, text: str, mode: int, cause: Cause, says: str | None
) -> None:
    fault = (await refused(holder, script(tmp_path, text, mode))).fault
    assert "command not found" not in fault.message
    if says is None:  # env itself runs, and says it
        assert (fault.kind, "python3" in fault.message) == (Kind.EXITED, True)
        return
    assert (fault.kind, fault.cause, says in fault.message) == (Kind.SPAWN, cause, True)


@pytest.mark.parametrize(
    ("entry", "cause", "says"),
    [
        (
            ServiceConfig(transport="stdio", command="no-such-program-here"),
            Cause.NO_COMMAND,
            "command not found: no-such-program-here",
        ),
        (
            ServiceConfig(transport="stdio", command="/etc/passwd"),
            Cause.NOT_EXECUTABLE,
            "/etc/passwd is not executable",
        ),
        (
            ServiceConfig(transport="stdio", command="/usr/bin"),
            Cause.IS_DIRECTORY,
            "/usr/bin is a directory, not a program",
        ),
        (
            stdio(cwd="/no/such/place"),
            Cause.NO_WORKING_DIRECTORY,
            "working directory /no/such/place cannot be used",
        ),
        (ServiceConfig(transport="stdio", command="a\0b"), None, "cannot be started"),
    ],
)
async def test_what_cannot_be_started_is_a_spawn_fault_with_its_own_cause(
    holder: Holder, entry: ServiceConfig, cause: Cause | None, says: str
) -> None:
    fault = (await refused(holder, entry)).fault
    assert fault.kind is Kind.SPAWN
    assert fault.incurable
    assert fault.cause is cause
    assert says in fault.message


async def test_an_exit_at_start_tells_why_and_keeps_all_that_was_printed(holder: Holder) -> None:
    started = time.monotonic()
    fault = (await refused(holder, stdio("exit"))).fault
    assert time.monotonic() - started < 3
    assert fault.kind is Kind.EXITED
    assert fault.message == "the process exited with code 3: no key was given: set API_KEY"
    assert fault.output == "first line\nno key was given: set API_KEY"


async def test_a_killed_child_is_reported_within_half_a_second(holder: Holder) -> None:
    connection = await holder.open(stdio())
    os.kill(connection.pid, 9)
    assert await until(lambda: bool(holder.lost)) < 0.5
    assert holder.lost[0].kind is Kind.EXITED
    assert "SIGKILL" in holder.lost[0].message
    fault = (await connection.probe(2)).fault
    assert fault is not None
    assert fault.lost


async def test_a_child_that_dies_in_a_call_fails_the_call_with_its_last_word(holder: Holder) -> None:
    connection = await holder.open(stdio("exit-late"))
    outcome = await connection.call_tool("echo", {}, 5)
    assert (outcome.ok, outcome.error) == (False, "the process was killed by SIGKILL: out of memory")
    await asyncio.sleep(0.1)
    assert len(holder.lost) == 1


@pytest.mark.parametrize("fault", ["garbage", "not-utf8"])
async def test_stray_output_neither_deafens_nor_floods(
    holder: Holder, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        connection = await holder.open(stdio(fault))
        assert (await connection.probe(2)).fault is None
    assert caplog.records == []
    assert "stdout: " in connection.stderr()


async def test_a_line_past_the_limit_costs_its_request_and_no_more(holder: Holder) -> None:
    connection = await holder.open(stdio("big-line"))
    started = time.monotonic()
    outcome = await connection.call_tool("echo", {}, 10)
    assert "16 MiB" in outcome.error
    assert time.monotonic() - started < 3
    assert (await connection.probe(2)).fault is None
    assert holder.lost == []


@pytest.mark.parametrize("kind", ["junk", "notes", "stderr"])
async def test_a_flood_delays_nobody_else(holder: Holder, kind: str) -> None:
    quiet = await holder.open(stdio())
    loud = await holder.open(stdio("flood"))
    call = asyncio.create_task(loud.call_tool("echo", {"message": kind}, 2))
    await asyncio.sleep(0.3)
    cpu, started = time.process_time(), time.monotonic()
    probes = [await quiet.probe(2) for _ in range(20)]
    assert max(probe.took.total_seconds() for probe in probes if probe.took) < 0.3
    await call
    assert (time.process_time() - cpu) / (time.monotonic() - started) < 0.7


async def test_a_server_that_never_answers_ping_is_asked_for_its_tools(holder: Holder) -> None:
    connection = await holder.open(stdio("no-ping"))
    for _ in range(2):
        probe = await connection.probe(1)
        assert probe.fault is None
        assert probe.took is not None
        assert probe.took.total_seconds() < 0.5


async def test_a_server_that_ignores_discovery_gets_the_handshake_in_time(holder: Holder) -> None:
    connection = await holder.open(stdio("mute-discover"), timeout=3)
    assert connection.greeting.protocol_version == "2025-11-25"


async def test_a_mute_server_is_tried_in_the_other_mode_next_time(holder: Holder) -> None:
    fault = (await refused(holder, stdio("mute"), limit=1)).fault
    assert fault.kind is Kind.TIMEOUT
    connection = await holder.open(stdio(), timeout=5)
    assert connection.greeting.mode == "legacy"


async def test_the_child_sees_a_small_environment_and_its_own(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    connection = await holder.open(stdio("env", env={"API_KEY": "s3cret"}))
    outcome = await connection.call_tool("echo", {}, 5)
    seen = json.loads(outcome.content[0]["text"])
    assert seen["API_KEY"] == "s3cret"
    assert seen["PATH"] == os.environ["PATH"]
    assert "DATABASE_URL" not in seen
    assert "MCPSTORE_CHILD" in seen


async def test_no_secret_stands_on_a_command_line(holder: Holder) -> None:
    connection = await holder.open(stdio(env={"API_KEY": "s3cret"}))
    supervisor = int(Path(f"/proc/{connection.pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert b"s3cret" not in Path(f"/proc/{supervisor}/cmdline").read_bytes()
    assert b"s3cret" not in Path(f"/proc/{supervisor}/environ").read_bytes()


async def test_a_child_starts_beside_a_thousand_held_connections(holder: Holder) -> None:
    places = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        connection = await holder.open(stdio())
        assert (await connection.probe(2)).fault is None
    finally:
        for place in places:
            os.close(place)


async def test_closing_ends_the_child_and_reports_no_loss(holder: Holder) -> None:
    connection = await holder.open(stdio())
    await connection.close()
    assert not alive(connection.pid)
    assert holder.lost == []


async def test_a_stubborn_child_is_killed_after_its_grace(holder: Holder) -> None:
    connection = await holder.open(stdio("stubborn"))
    started = time.monotonic()
    await connection.close()
    assert 2 < time.monotonic() - started < 4
    assert not alive(connection.pid)


async def test_a_forced_close_is_quick(holder: Holder) -> None:
    connection = await holder.open(stdio("stubborn"))
    started = time.monotonic()
    await connection.close(force=True)
    assert time.monotonic() - started < 1
    assert not alive(connection.pid)


@pytest.mark.parametrize("force", [False, True])
async def test_a_grandchild_in_a_session_of_its_own_goes_too(holder: Holder, force: bool) -> None:
    connection = await holder.open(stdio("orphan"))
    grandchild = int(connection.stderr().split()[0])
    assert alive(grandchild)
    await connection.close(force=force)
    await until(lambda: not alive(grandchild), 3)


async def test_what_a_killed_child_left_behind_goes_too(holder: Holder) -> None:
    connection = await holder.open(stdio("orphan"))
    grandchild = int(connection.stderr().split()[0])
    os.kill(connection.pid, 9)
    await until(lambda: not alive(grandchild), 4)


async def test_a_killed_supervisor_leaves_nobody(holder: Holder) -> None:
    connection = await holder.open(stdio("orphan"))
    grandchild = int(connection.stderr().split()[0])
    supervisor = int(Path(f"/proc/{connection.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(supervisor, 9)
    await until(lambda: not alive(connection.pid) and not alive(grandchild), 3)
    await until(lambda: bool(holder.lost))
