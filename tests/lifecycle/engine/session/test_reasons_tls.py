"""What is said of TLS that fails, and of what ends below a request: each cause by its own sentence."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.faults import second_look
from lifecycle.engine.session.faults.breaks import broken
from lifecycle.engine.session.faults.silence import explain
from lifecycle.engine.session.faults.trace import TRACE, Stage, Trace
from registry.core.entries.entry import ServiceConfig
from tests.doubles.fault_server import FaultServer
from tests.support.answering import reason, saying, serving
from tests.support.holding import Holder
from tests.support.issuing import issue


async def hanging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


AUTHORITY = issue(authority=True, name="authority")


CERTIFICATES = {
    "expired": (issue(AUTHORITY, ends=timedelta(days=-1)), Cause.CERT_EXPIRED, "has expired"),
    "not-yet": (issue(AUTHORITY, begins=timedelta(days=1)), Cause.CERT_NOT_YET, "not valid yet"),
    "self-signed": (issue(), Cause.CERT_SELF_SIGNED, "is self-signed"),
    "unknown-authority": (
        issue(issue(authority=True, name="another authority")),
        Cause.CERT_UNKNOWN,
        "authority that is not known here",
    ),
    "wrong-host": (
        issue(AUTHORITY, host=x509.DNSName("other.example")),
        Cause.CERT_WRONG_HOST,
        "made for another name",
    ),
}


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_what_is_wrong_with_a_certificate_is_said_by_its_own_sentence(
    holder: Holder, tmp_path: Path, name: str
) -> None:
    issued, cause, says = CERTIFICATES[name]
    holder.trust(AUTHORITY.pem(tmp_path, "authority"))
    async with serving(saying("404 Not Found"), issued.server_context(tmp_path)) as port:
        fault = await reason(holder, f"https://127.0.0.1:{port}/mcp")
    assert (fault.kind, fault.cause, says in fault.message) == (Kind.TLS, cause, True)


async def test_https_to_a_plain_port_is_not_called_a_certificate_that_is_not_trusted(holder: Holder) -> None:
    async with serving(saying("400 Bad Request")) as port:
        fault = await reason(holder, f"https://127.0.0.1:{port}/mcp")
    assert (fault.kind, fault.cause) == (Kind.TLS, Cause.TLS_TO_PLAIN)
    assert "does not speak TLS at this port" in fault.message and "certificate" not in fault.message


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
async def test_http_to_a_tls_port_says_that_the_address_must_begin_with_https(
    holder: Holder, tmp_path: Path, transport: str
) -> None:
    async with serving(saying("404 Not Found"), issue().server_context(tmp_path)) as port:
        fault = await reason(holder, f"http://127.0.0.1:{port}/mcp", transport)
    assert (fault.kind, fault.cause) == (Kind.TLS, Cause.PLAIN_TO_TLS)
    assert "must begin with https://" in fault.message


async def test_a_server_that_refuses_the_second_look_is_told_by_the_first_failure(holder: Holder) -> None:
    fault = Fault(kind=Kind.CLOSED, message="the server closed the connection without an answer")
    entry = ServiceConfig(transport="streamable-http", url="http://127.0.0.1:1/mcp")
    assert await second_look.again(holder.connector.http, entry, {}, fault) is fault


async def test_a_proxy_that_says_that_its_port_wants_https_is_believed(holder: Holder) -> None:
    text = "The plain HTTP request was sent to HTTPS port"
    async with serving(saying("400 Bad Request", text)) as port:
        assert (await reason(holder, f"http://127.0.0.1:{port}/mcp")).cause is Cause.PLAIN_TO_TLS


async def test_a_tls_handshake_that_hangs_is_not_called_a_request_that_was_taken(holder: Holder) -> None:
    async with serving(hanging) as port:
        fault = await reason(holder, f"https://127.0.0.1:{port}/mcp", limit=0.6)
    assert (fault.kind, fault.cause) == (Kind.TLS, Cause.TLS_HANGS)
    assert fault.message.startswith("the TLS handshake was not answered within ")


def test_an_address_that_drops_packets_is_told_from_a_server_that_hangs() -> None:
    late = Fault(kind=Kind.TIMEOUT, message="no answer to initialize within 8 s")
    dropped = explain(late, Trace(stage=Stage.CONNECTING), None)
    assert (dropped.kind, dropped.cause) == (Kind.TIMEOUT, Cause.UNANSWERED)
    assert dropped.message == "no connection within 8 s: nothing came back from the address"
    assert explain(late, Trace(stage=Stage.ASKED), None) == late


@pytest.mark.parametrize(
    ("stage", "kind", "cause"),
    [
        (Stage.TLS, Kind.TLS, Cause.TLS_HANGS),
        (Stage.CONNECTING, Kind.TIMEOUT, Cause.UNANSWERED),
    ],
)
def test_a_connection_that_is_given_up_below_the_request_says_how_far_it_came(
    stage: Stage, kind: Kind, cause: Cause
) -> None:
    told = explain(broken([httpx2.ConnectTimeout("")]), Trace(stage=stage), None)
    assert (told.kind, told.cause, told.message.split(" within ")[1][:4]) == (kind, cause, "15 s")


async def test_an_exchange_is_followed_from_the_connection_to_the_end_of_the_answer(holder: Holder) -> None:
    trace = Trace()
    async with FaultServer() as server, holder.connector.http.client({}) as client:
        token = TRACE.set(trace)
        await client.post(server.url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        TRACE.reset(token)
    assert (trace.verb, trace.stage, trace.status) == ("POST", Stage.ANSWERED, 200)
