"""What is said of a program that runs and does not answer, or answers what nobody can read."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.connection import ConnectionFault
from lifecycle.engine.session.faults.faults import classify
from registry.core.entries.entry import ServiceConfig
from tests.doubles.protocol import answer
from tests.doubles.sse_server import SseServer
from tests.support.holding import Holder

HELLO = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}


def program(folder: Path, *, stdout: bytes = b"", stderr: str = "", name: str = "server") -> ServiceConfig:
    """One that prints this, and then waits for the end of its stdin."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.stderr.write({stderr!r}); sys.stderr.flush()\n"
        f"sys.stdout.buffer.write({stdout!r}); sys.stdout.flush()\nsys.stdin.read()\n"
    )
    path.chmod(0o755)
    return ServiceConfig(transport="stdio", command=str(path))


async def reason(holder: Holder, entry: ServiceConfig, limit: float = 1.5) -> Fault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(entry, mode="legacy", timeout=limit)
    return caught.value.fault


@pytest.mark.parametrize(
    ("stdout", "stderr", "cause", "says"),
    [
        (b"", "", Cause.SILENT, "; it printed nothing"),
        (b"", "Loading the model …\nwarming up\n", Cause.SILENT, "; it printed last: warming up"),
        (b"", "Downloading torch (2.1GiB)\n", Cause.DOWNLOADING, "; it seems to be downloading"),
        (
            b"Server listening on http://localhost:3000\n",
            "",
            Cause.OTHER_OUTPUT,
            "; it prints something other than MCP on stdout: Server listening on http://localhost:3000",
        ),
    ],
    ids=["nothing", "log", "download", "http-server"],
)
async def test_a_program_that_stays_silent_is_told_of_by_what_it_printed(
    holder: Holder, tmp_path: Path, stdout: bytes, stderr: str, cause: Cause, says: str
) -> None:
    fault = await reason(holder, program(tmp_path, stdout=stdout, stderr=stderr))
    assert (fault.kind, fault.cause) == (Kind.TIMEOUT, cause)
    assert fault.message.startswith("no answer to initialize within ") and fault.message.endswith(says)
    assert stderr.strip() in fault.output


async def test_a_silent_npx_is_most_probably_downloading(holder: Holder, tmp_path: Path) -> None:
    assert (await reason(holder, program(tmp_path, name="npx"))).cause is Cause.DOWNLOADING


@pytest.mark.parametrize(
    ("line", "cause", "says"),
    [
        (
            json.dumps(answer(HELLO, "ok", "legacy"), ensure_ascii=False)
            .replace('"jsonrpc"', '"ä": 1, "jsonrpc"')
            .encode("latin-1"),
            Cause.NOT_UTF8,
            "not UTF-8",
        ),
        (b'{"id": 1, "result": {}}', None, "not valid JSON-RPC"),
    ],
    ids=["latin-1", "no-version"],
)
async def test_an_answer_that_cannot_be_read_is_told_at_once(
    holder: Holder, tmp_path: Path, line: bytes, cause: Cause | None, says: str
) -> None:
    path = tmp_path / "server"
    path.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.stdin.readline()\n"
        f"sys.stdout.buffer.write({line!r} + b'\\n'); sys.stdout.flush()\nsys.stdin.read()\n"
    )
    path.chmod(0o755)
    started = time.monotonic()
    fault = await reason(holder, ServiceConfig(transport="stdio", command=str(path)), limit=20)
    assert time.monotonic() - started < 10
    assert (fault.kind, fault.cause, says in fault.message) == (Kind.PROTOCOL, cause, True)


async def test_an_answer_too_large_over_sse_is_not_a_server_that_closed(holder: Holder) -> None:
    async with SseServer() as server:
        connection = await holder.open(ServiceConfig(transport="sse", url=server.url))
        server.mode = "big-event"
        outcome = await connection.call_tool("echo", {}, 5)
    assert outcome.error == "an event of the stream is larger than 1 MiB and was not read"
    assert [fault.kind for fault in holder.lost] == [Kind.OVERSIZE]


async def test_a_protocol_version_that_is_not_spoken_here_is_named(holder: Holder, tmp_path: Path) -> None:
    hello = {**answer(HELLO, "ok", "legacy")}
    hello["result"] = {**hello["result"], "protocolVersion": "2031-01-01"}
    path = tmp_path / "server"
    path.write_text(
        f"#!{sys.executable} -IS\nimport json, sys\nfor line in sys.stdin:\n"
        f"    said = {hello!r}; said['id'] = json.loads(line).get('id')\n"
        "    print(json.dumps(said), flush=True)\n"
    )
    path.chmod(0o755)
    fault = await reason(holder, ServiceConfig(transport="stdio", command=str(path)), limit=20)
    assert (fault.kind, fault.cause) == (Kind.PROTOCOL, Cause.VERSION)
    assert fault.message == (
        "the server wants protocol version 2031-01-01; this console speaks 2024-11-05 to 2026-07-28"
    )


def group(*inner: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("unhandled errors in a TaskGroup (1 sub-exception)", list(inner))


def wrapped(inner: BaseException) -> RuntimeError:
    """As FastMCP's client raises it."""
    outer = RuntimeError(f"Client failed to connect: {inner}")
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("exc", "message"),
    [
        (wrapped(group(ValueError("Endpoint origin does not match"))), "Endpoint origin does not match"),
        (wrapped(group(group(KeyError("serverInfo")))), "'serverInfo'"),
        (wrapped(group(ValueError())), "the session failed without an error message"),
        (RuntimeError("Client failed to connect: odd"), "the connection could not be made: odd"),
    ],
)
def test_the_reason_is_the_inner_cause_and_never_what_wraps_it(exc: Exception, message: str) -> None:
    said = classify(exc).message
    assert said == message
    for wrapping in ("TaskGroup", "Client failed to connect"):
        assert wrapping not in said
