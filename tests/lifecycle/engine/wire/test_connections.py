"""When a connection is used again, and when it must not be."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from lifecycle.core.health.inconclusive import Measured, Ours, why_failed
from lifecycle.engine.egress.addresses import EgressRefusedError, Rule
from lifecycle.engine.host import file_limits
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.wire import dialling
from lifecycle.engine.wire import transport as wire
from lifecycle.engine.wire.transport import WireTransport
from tests.support.issuing import issue

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LARGE = 8 << 20


class Server:
    """Answers each request with `answer`; notes on which connection it came."""

    def __init__(self, answer: bytes = WHOLE) -> None:
        self.answer, self.url = answer, ""
        self.connections, self.asked = 0, list[int]()
        self.sizes, self.gone = list[int](), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        mine = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.sizes.append(len(await reader.readexactly(size)))
                self.asked.append(mine)
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.close()


@asynccontextmanager
async def serving(server: Server, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context) as listener:
        scheme = "https" if context else "http"
        server.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}/mcp"
        yield server


@asynccontextmanager
async def client(
    rule: Rule | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    transport = WireTransport(
        rule or Rule(private=True), ssl_context=context or ssl.create_default_context(), keepalive=9
    )
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as found:
        yield found


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async with serving(Server()) as server, client() as http:
        for _ in range(3):
            assert (await http.post(server.url, content=b"{}")).content == b"{}"
        assert server.asked == [1, 1, 1]


async def test_of_too_many_connections_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: list[int] = []

    def scarce(number: int) -> bool:
        numbers.append(number)
        return len(numbers) < 3

    monkeypatch.setattr(file_limits, "scarce", scarce)
    async with serving(Server()) as server, client() as http:
        for _ in range(4):
            assert (await http.post(server.url, content=b"{}")).content == b"{}"
        assert server.asked == [1, 2, 3, 3], "with room again the third one is kept"
    assert min(numbers) > 2


async def test_with_no_file_left_it_is_not_the_server_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_limits, "none_left", lambda: True)
    monkeypatch.setattr(dialling, "FILE_LIMIT", 0.1)
    async with serving(Server()) as server, client() as http:
        with pytest.raises(httpx2.ConnectError) as failed:
            await http.post(server.url, content=b"{}")
        fault = classify(failed.value)
        assert (fault.no_files, fault.lost, server.connections) == (True, False, 0)
        assert why_failed(fault, Measured()) is Ours.FILES


async def test_a_file_that_comes_free_in_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [True, True, False]
    monkeypatch.setattr(file_limits, "none_left", lambda: said.pop(0))
    async with serving(Server()) as server, client() as http:
        assert (await http.post(server.url, content=b"{}")).content == b"{}"
    assert said == []


async def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async with serving(Server()) as server, client() as http:
        await asyncio.gather(*(http.post(server.url, content=b"{}") for _ in range(3)))
        assert sorted(server.asked) == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE.replace(b"OK", b"OK\r\nConnection: close"),
        WHOLE.replace(b"1.1", b"1.0"),
        WHOLE + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        WHOLE + b"more than was announced",
    ],
)
async def test_a_connection_with_anything_odd_about_it_is_not_used_again(answer: bytes) -> None:
    async with serving(Server(answer)) as server, client() as http:
        for _ in range(2):
            assert (await http.post(server.url, content=b"{}")).content == b"{}"
        assert server.asked == [1, 2]


async def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    async with serving(Server()) as server, client() as http:
        server.answer = WHOLE
        await http.post(server.url, content=b"{}")
        transport = http._transport
        assert isinstance(transport, WireTransport)
        transport._idle[0].data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        assert (await http.post(server.url, content=b"{}")).content == b"{}"
        assert server.asked == [1, 2]


async def test_an_answer_given_up_half_way_takes_its_connection_along() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
    async with serving(Server(half)) as server, client() as http:
        asking = asyncio.create_task(http.post(server.url, content=b"{}"))
        while not server.asked:
            await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.wait({asking})
        await asyncio.wait_for(server.gone.wait(), 5)
        server.answer = WHOLE
        assert (await http.post(server.url, content=b"{}")).content == b"{}"
        assert server.asked == [1, 2]


async def test_more_requests_than_connections_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECTIONS", 2)
    async with serving(Server()) as server, client() as http:
        answers = await asyncio.gather(*(http.post(server.url, content=b"{}") for _ in range(9)))
        assert [one.content for one in answers] == [b"{}"] * 9
        assert server.connections == 2


async def test_large_bodies_go_both_ways_over_plain_and_tls(tmp_path: Path) -> None:
    authority = issue(authority=True, name="authority")
    trusting = ssl.create_default_context(cafile=str(authority.pem(tmp_path, "authority")))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE
    for context in (None, issue(authority).server_context(tmp_path)):
        async with serving(Server(answer), context) as server, client(context=trusting) as http:
            for _ in range(2):
                assert len((await http.post(server.url, content=b"y" * LARGE)).content) == LARGE
            assert (server.asked, server.sizes) == ([1, 1], [LARGE, LARGE])


async def test_an_address_that_may_not_be_reached_is_not_connected_to() -> None:
    async with serving(Server()) as server, client(Rule()) as http:
        with pytest.raises(EgressRefusedError):
            await http.post(server.url, content=b"{}")
        assert server.connections == 0


@pytest.mark.parametrize("name", ["X-A: b\r\nX-C", "X A"])
async def test_a_header_that_would_become_two_is_not_sent(name: str) -> None:
    async with serving(Server()) as server, client() as http:
        with pytest.raises(httpx2.LocalProtocolError):
            await http.post(server.url, content=b"{}", headers={name: "1"})
        with pytest.raises(httpx2.LocalProtocolError):
            await http.post(server.url, content=b"{}", headers={"X-A": f"1\r\n{name}: 2"})
        assert server.connections == 0
