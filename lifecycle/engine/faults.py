"""What went wrong with a foreign server: an exception and the trace of its HTTP exchange become a Fault."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Sequence
from http import HTTPStatus

import httpx2
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT
from pydantic import ValidationError

from lifecycle.core.health import Fault, Kind
from lifecycle.egress import EgressRefusedError
from lifecycle.engine.trace import TooManyHeadersError, Trace, chain

SYNTHETIC = frozenset({"Session terminated", "Not Found", "Server returned an error response"})
NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
UNREACHABLE = NO_WAY | {errno.EACCES, errno.EPERM}
NO_EXCHANGE = (httpx2.HTTPError, OSError, EgressRefusedError)
EXCHANGED = (TimeoutError, httpx2.SSEError)
WEB_PAGE = "answered with a web page; this is not the address of an MCP server"
HEAD_TOO_LARGE = "the headers of the answer are more than 1,000 or larger than 100 KB, and were not read"
_HEAD = "Receive buffer too long"  # what h11 says of them
TEXT_LIMIT = 300


class ConnectionFault(Exception):
    """A connection could not be made, or a request on it failed; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.kind}: {fault.message}")
        self.fault = fault


def short(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"


def is_answer(exc: MCPError, trace: Trace) -> bool:
    """Whether the server itself said this, in JSON-RPC; the SDK dresses its own troubles the same way."""
    closed = exc.code == CONNECTION_CLOSED and (
        trace.status is not None or exc.message == "Connection closed"
    )
    if closed or exc.code == REQUEST_TIMEOUT or trace.broken or trace.oversize:
        return False
    if trace.status is None:
        return True
    if trace.status in (401, 403, 429) or trace.status >= 500 or 201 <= trace.status < 400:
        return False
    if not trace.content_type.startswith(("application/json", "text/event-stream")):
        return False
    return exc.message not in SYNTHETIC and not exc.message.startswith("Failed to parse")


def classify(exc: BaseException, trace: Trace | None = None) -> Fault:
    """The fault that *exc* means, by what the HTTP layer saw first and by what the SDK made of it last."""
    trace = trace or Trace()
    links = list(chain(exc))
    if trace.oversize or any("byte limit" in str(link) for link in links):
        return Fault(kind=Kind.OVERSIZE, message="the answer is larger than 16 MiB and was not read")
    if trace.broken:
        return _network(trace.broken)
    if trace.status is not None and (trace.status >= 400 or 300 <= trace.status < 400):
        return _status(trace, links)
    for link in links:
        if isinstance(link, MCPError):
            return _protocol(link, trace)
    if trace.content_type.startswith("text/html"):
        return Fault(kind=Kind.PROTOCOL, message=WEB_PAGE, lost=True)
    if any(isinstance(link, NO_EXCHANGE) and not isinstance(link, EXCHANGED) for link in links):
        return _network(links)
    return _other(links)


def _network(links: Sequence[BaseException]) -> Fault:
    """No exchange of HTTP took place, or it broke off; the session is gone with it."""
    for link in links:
        match link:
            case EgressRefusedError():
                return Fault(kind=Kind.POLICY, message=str(link), lost=True)
            case httpx2.RemoteProtocolError() if isinstance(link, TooManyHeadersError) or _HEAD in str(link):
                return Fault(kind=Kind.OVERSIZE, message=HEAD_TOO_LARGE, lost=True)
            case socket.gaierror():
                silent = link.errno == socket.EAI_AGAIN
                what = "no name server answers" if silent else "the host name is not known"
                return Fault(kind=Kind.DNS, message=f"{what} ({link.strerror})", lost=True, no_way=silent)
            case ssl.SSLError():
                return Fault(kind=Kind.TLS, message=f"TLS failed: {_tls_reason(link)}", lost=True)
            case ConnectionRefusedError():
                return Fault(
                    kind=Kind.REFUSED, message="connection refused: nothing listens there", lost=True
                )
            case OSError(errno=number) if number in UNREACHABLE:
                return Fault(
                    kind=Kind.REFUSED,
                    message=f"not reachable: {link.strerror}",
                    lost=True,
                    no_way=number in NO_WAY,
                )
            case httpx2.ConnectTimeout():
                return Fault(kind=Kind.TIMEOUT, message="connecting took too long", lost=True)
            case httpx2.TimeoutException():
                return Fault(kind=Kind.TIMEOUT, message="the exchange took too long", lost=True)
            case httpx2.LocalProtocolError() | httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
                return Fault(kind=Kind.POLICY, message=f"cannot be sent: {short(str(link))}", lost=True)
    if isinstance(links[0], httpx2.ConnectError):
        return Fault(kind=Kind.REFUSED, message=f"cannot connect: {short(str(links[0]))}", lost=True)
    detail = short(str(links[0])) or type(links[0]).__name__
    return Fault(kind=Kind.CLOSED, message=f"the connection broke off: {detail}", lost=True)


def _tls_reason(exc: ssl.SSLError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({exc.verify_message})"
    # Errors that Python raises itself, and not OpenSSL, have no reason.
    return short(getattr(exc, "reason", None) or str(exc))


def _status(trace: Trace, links: list[BaseException]) -> Fault:
    status = trace.status or 0
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    text = f"HTTP {status} {name}".strip()
    said = [link.message for link in links if isinstance(link, MCPError) and link.message not in SYNTHETIC]
    if status in (401, 403):
        wants = f"; it asks for {short(trace.challenge)}" if trace.challenge else ""
        return Fault(kind=Kind.AUTH, message=f"{text}: the server does not accept our credentials{wants}")
    if status < 400:
        where = f" to {short(trace.location)}" if trace.location else ""
        return Fault(
            kind=Kind.HTTP, message=f"{text}: redirects{where}, which is not followed; set that address"
        )
    if status == 404 and trace.had_session:
        return Fault(
            kind=Kind.CLOSED,
            message="the server no longer knows the session; it was probably restarted",
            lost=True,
        )
    message = f"{text}: {short(said[0])}" if said else text
    return Fault(kind=Kind.HTTP, message=message, retry_after=trace.retry_after)


def _protocol(exc: MCPError, trace: Trace) -> Fault:
    if exc.code == REQUEST_TIMEOUT:
        return Fault(kind=Kind.TIMEOUT, message="no answer in time")
    if exc.code == CONNECTION_CLOSED and not is_answer(exc, trace):
        return Fault(
            kind=Kind.CLOSED, message=f"the server closed the connection ({short(exc.message)})", lost=True
        )
    if trace.content_type.startswith("text/html"):
        return Fault(kind=Kind.PROTOCOL, message=WEB_PAGE)
    if exc.code == PARSE_ERROR and exc.message.startswith("Failed to parse"):
        return Fault(kind=Kind.PROTOCOL, message="the answer is not JSON-RPC")
    if is_answer(exc, trace):
        return Fault(kind=Kind.PROTOCOL, message=f"answered with error {exc.code}: {short(exc.message)}")
    return Fault(kind=Kind.PROTOCOL, message=short(exc.message))


def _other(links: list[BaseException]) -> Fault:
    """What is neither HTTP nor JSON-RPC: the session cannot be trusted after it."""
    if any(isinstance(link, TimeoutError) for link in links):
        return Fault(kind=Kind.TIMEOUT, message="no answer in time", lost=True)
    if any(isinstance(link, ValidationError) for link in links):
        return Fault(kind=Kind.PROTOCOL, message="the answer does not follow the protocol", lost=True)
    inner = links[-1]
    return Fault(kind=Kind.PROTOCOL, message=short(str(inner)) or type(inner).__name__, lost=True)
