"""What one trial finds out, against real servers and programs; and that nothing of it is left."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from lifecycle.engine.trials import trying
from lifecycle.operations.trials import operations
from registry.core.entries.entry import ServiceConfig
from tests.doubles.fault_server import FaultServer
from tests.doubles.sse_server import SseServer
from tests.support.answering import Handler, saying, serving
from tests.support.bundles import SERVER
from tests.support.holding import ERAS, Holder, alive, http, stdio, until
from tests.support.issuing import issue

SECRET = "tok-4f1d9c27ab"


async def tried(
    holder: Holder, config: ServiceConfig, hidden: frozenset[str] = frozenset()
) -> dict[str, Any]:
    return await trying.attempt(holder.connector, config, hidden, "trial 1")


def children(holder: Holder) -> list[int]:
    """All but the small process from which supervisors are forked, which stays for the next."""
    stays = holder.connector._nursery.pid
    return [child.pid for child in psutil.Process().children(recursive=True) if child.pid != stays]


@ERAS
async def test_a_server_is_told_by_its_era_name_and_tools(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        found = await tried(holder, http(server.url))
    assert (found["ok"], found["modern"], found["server"]) == (True, era == "modern", "double")
    assert found["protocol"] == ("2026-07-28" if era == "modern" else "2025-11-25")
    assert (found["tools"], found["named"]) == (1, ["echo"])


async def test_a_program_is_told_likewise_and_ended(holder: Holder) -> None:
    before = children(holder)
    found = await tried(holder, stdio("everything"))
    assert found["ok"] and found["tools"] >= 1
    await until(lambda: not any(pid not in before for pid in children(holder)), 5)


async def test_a_program_that_hangs_is_ended_with_its_children(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "BOUND", 1.5)
    monkeypatch.setattr(trying, "START", 1.0)
    started = time.monotonic()
    found = await tried(holder, stdio("mute"))
    assert (found["ok"], found["kind"], found["cause"]) == (False, "timeout", "silent")
    assert time.monotonic() - started < 4
    await until(lambda: not any(map(alive, children(holder))), 13)


async def test_a_program_that_ends_says_why(holder: Holder) -> None:
    found = await tried(holder, stdio("exit"))
    assert found["kind"] == "exited"
    assert "no key was given: set API_KEY" in found["message"] + found["output"]


async def test_a_command_that_is_not_there_is_named(holder: Holder) -> None:
    found = await tried(holder, ServiceConfig(transport="stdio", command="no-such-program-anywhere"))
    assert (found["kind"], found["cause"]) == ("spawn", "no-command")


async def test_a_server_that_answers_nothing_is_given_up_in_time(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "BOUND", 0.6)
    async with FaultServer("hang") as server:
        found = await tried(holder, http(server.url))
    assert (found["kind"], found["message"]) == ("timeout", "no answer within 9 s")
    assert found["took_ms"] < 2000


async def test_the_bounds_leave_room_for_both_protocols() -> None:
    assert 2 * trying.EACH < trying.BOUND < operations.LIMIT == 10
    assert trying.START < trying.BOUND


class OnlySse(SseServer):
    async def _misbehave(self, asked: object) -> bool:
        return self._reply(asked.writer, 405)  # type: ignore[attr-defined]


async def test_the_other_transport_is_found_both_ways(holder: Holder) -> None:
    async with OnlySse() as server:
        assert (await tried(holder, http(server.url)))["cause"] == "wants-sse"

    class Streamable(FaultServer):
        async def answer_other(self, verb: str, writer: asyncio.StreamWriter) -> bool:
            return self._reply(writer, 405 if verb == "GET" else 200)

    async with Streamable() as other:
        found = await tried(holder, ServiceConfig(transport="sse", url=other.url))
    assert found["cause"] == "wants-http"


PAGE = "<!doctype html><title>Welcome</title>"
ANSWERS: list[tuple[Handler, dict[str, str]]] = [
    (saying("200 OK", PAGE, "text/html"), {"kind": "protocol", "cause": "web-page"}),
    (saying("429 Too Many Requests", extra="Retry-After: 9\r\n"), {"cause": "throttled"}),
    (saying("404 Not Found"), {"cause": "not-found"}),
    (
        saying("301 Moved", extra="Location: https://new.example.org/mcp\r\n"),
        {"cause": "redirected", "elsewhere": "https://new.example.org/mcp"},
    ),
    (
        saying("302 Found", extra="Location: https://new.example.org/login?next=mcp\r\n"),
        {"cause": "redirected", "elsewhere": ""},
    ),
    (
        saying("302 Found", extra="Location: https://new.example.org/mcp?token=1\r\n"),
        {"cause": "redirected", "elsewhere": ""},
    ),
]


@pytest.mark.parametrize(("handler", "expected"), ANSWERS)
async def test_an_address_that_is_none_of_mcp_is_told_by_its_cause(
    holder: Holder, handler: Handler, expected: dict[str, str]
) -> None:
    async with serving(handler) as port:
        found = await tried(holder, http(f"http://127.0.0.1:{port}/mcp"))
    assert not found["ok"]
    assert {key: found[key] for key in expected} == expected


async def test_nobody_listening_an_unknown_name_and_a_certificate_are_told_apart(
    holder: Holder, tmp_path: Path
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        refused = await tried(holder, http(f"http://127.0.0.1:{held.getsockname()[1]}/mcp"))
    assert refused["kind"] == "refused"
    assert (await tried(holder, http("https://nowhere.invalid/mcp")))["kind"] == "dns"
    async with serving(saying("404 Not Found"), issue().server_context(tmp_path)) as port:
        found = await tried(holder, http(f"https://127.0.0.1:{port}/mcp"))
        wrong = await tried(holder, http(f"http://127.0.0.1:{port}/mcp"))
    assert (found["kind"], found["cause"]) == ("tls", "cert-self-signed")
    assert (wrong["cause"], wrong["elsewhere"]) == ("plain-to-tls", f"https://127.0.0.1:{port}/mcp")


@pytest.mark.parametrize(
    "place", ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"]
)
async def test_a_server_that_wants_a_sign_in_says_where(holder: Holder, place: str) -> None:
    async with serving(signing_in(place, {"authorization_servers": ["https://id.example.org/"]})) as port:
        found = await tried(holder, http(f"http://127.0.0.1:{port}/mcp"))
    assert (found["kind"], found["issuer"]) == ("auth", "https://id.example.org/")


@pytest.mark.parametrize(
    "said", [{}, [], {"authorization_servers": "x"}, {"authorization_servers": ["javascript:x"]}]
)
async def test_without_a_usable_word_it_only_wants_a_sign_in(holder: Holder, said: object) -> None:
    async with serving(signing_in("/.well-known/oauth-protected-resource", said)) as port:
        found = await tried(holder, http(f"http://127.0.0.1:{port}/mcp"))
    assert (found["kind"], found["issuer"]) == ("auth", "")


def signing_in(place: str, said: object) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        known = head.startswith(f"GET {place} ")
        body = json.dumps(said).encode() if known else b""
        status = "200 OK" if known else "404 Not Found" if head.startswith("GET") else "401 Unauthorized"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    return handler


async def test_a_value_that_a_server_repeats_is_masked(holder: Holder) -> None:
    async with serving(saying("400 Bad Request", f"unknown token {SECRET}")) as port:
        config = http(f"http://127.0.0.1:{port}/mcp", headers={"Authorization": f"Bearer {SECRET}"})
        found = await tried(holder, config, frozenset({SECRET}))
    assert found["message"].startswith("HTTP 400")
    assert SECRET not in json.dumps(found)


async def test_what_a_program_prints_is_masked(holder: Holder) -> None:
    says = f"import sys; print('refused: {SECRET}', file=sys.stderr); sys.exit(3)"
    config = ServiceConfig(transport="stdio", command=sys.executable, args=("-I", "-S", "-c", says))
    found = await tried(holder, config, frozenset({SECRET}))
    assert "refused" in found["message"] + found["output"]
    assert SECRET not in json.dumps(found)


async def test_a_server_that_calls_itself_by_a_secret_shows_none_of_it(holder: Holder) -> None:
    program = ("-I", "-S", "-c", SERVER.replace("bundled", SECRET).replace("greet", SECRET))
    config = ServiceConfig(transport="stdio", command=sys.executable, args=program)
    found = await tried(holder, config, frozenset({SECRET}))
    assert found["ok"] and found["tools"] == 1
    assert SECRET not in json.dumps(found)
