"""What broke off below HTTP, in words: names, routes, TLS, and connections that end in the middle."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Sequence

import httpx2

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.egress.addresses import EgressRefusedError
from lifecycle.engine.session.faults.trace import TooManyHeadersError

NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
UNREACHABLE = NO_WAY | {errno.EACCES, errno.EPERM}
NO_MORE_FILES = "the console's worker may open no more files; raise its limit"
HEAD_TOO_LARGE = "the headers of the answer are more than 1,000 or larger than 100 KB, and were not read"
TEXT_LIMIT = 300
CONNECT_LIMIT = 15.0
NOT_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
OLD_TLS = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})
# OpenSSL's X509_V_ERR_…
CERTIFICATES: dict[int, tuple[Cause, str]] = {
    9: (Cause.CERT_NOT_YET, "the server's certificate is not valid yet"),
    10: (Cause.CERT_EXPIRED, "the server's certificate has expired"),
    18: (Cause.CERT_SELF_SIGNED, "the server's certificate is self-signed"),
    19: (Cause.CERT_UNKNOWN, "the server's certificate was signed by an authority that is not known here"),
    20: (Cause.CERT_UNKNOWN, "the server's certificate was signed by an authority that is not known here"),
    21: (Cause.CERT_UNKNOWN, "the server's certificate was signed by an authority that is not known here"),
    62: (Cause.CERT_WRONG_HOST, "the server's certificate was made for another name"),
    64: (Cause.CERT_WRONG_HOST, "the server's certificate was made for another name"),
}
UNASKED = "compressed its answer although asked not to"
_HEAD = "Receive buffer too long"  # what h11 says of them
# What httpx and h11 say, and what it means; their texts are for programmers.
_BROKEN: tuple[tuple[str, str, Cause | None], ...] = (
    ("without sending a response", "the server closed the connection without an answer", Cause.HUNG_UP),
    (
        "without sending complete message body",
        "the server closed the connection in the middle of its answer",
        None,
    ),
    ("illegal request line", "what came back is not HTTP", Cause.NOT_HTTP),
    ("illegal status line", "what came back is not HTTP", Cause.NOT_HTTP),
    ("illegal header line", "what came back is not HTTP", Cause.NOT_HTTP),
    (UNASKED, f"the server {UNASKED}", Cause.COMPRESSED),
)
_BY_CLASS: tuple[tuple[type[BaseException], str, Cause | None], ...] = (
    (ConnectionResetError, "the server reset the connection", Cause.HUNG_UP),
    (BrokenPipeError, "the server closed the connection while the request was sent", Cause.HUNG_UP),
    (httpx2.ReadError, "the connection broke while the answer was read", None),
    (httpx2.WriteError, "the connection broke while the request was sent", None),
    (httpx2.CloseError, "the connection broke while it was closed", None),
)


def short(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"


def broken(links: Sequence[BaseException]) -> Fault:
    """No exchange of HTTP took place, or it broke off; the session is gone with it."""
    for link in links:
        if fault := _known(link):
            return fault
    if isinstance(links[0], httpx2.ConnectError):
        detail = short(str(links[0]))
        said = f"cannot connect: {detail}" if detail else "cannot connect"
        return Fault(kind=Kind.REFUSED, message=said, lost=True)
    said, cause = _broke_off(links)
    return Fault(kind=Kind.CLOSED, message=said, cause=cause, lost=True)


def _known(link: BaseException) -> Fault | None:
    match link:
        case EgressRefusedError():
            return Fault(kind=Kind.POLICY, message=str(link), lost=True)
        case httpx2.ProxyError():
            said = f"the proxy refuses: {short(str(link))}"
            return Fault(kind=Kind.REFUSED, message=said, cause=Cause.PROXY, lost=True)
        case httpx2.RemoteProtocolError() if isinstance(link, TooManyHeadersError) or _HEAD in str(link):
            return Fault(kind=Kind.OVERSIZE, message=HEAD_TOO_LARGE, lost=True)
        case socket.gaierror():
            silent = link.errno == socket.EAI_AGAIN
            what = "no name server answers" if silent else "the host name is not known"
            return Fault(kind=Kind.DNS, message=f"{what} ({link.strerror})", lost=True, no_way=silent)
        case ssl.SSLError():
            return _tls(link)
        case ConnectionRefusedError():
            return Fault(
                kind=Kind.REFUSED, message="connection refused: nothing is listening there", lost=True
            )
        case OSError(errno=number) if number in NO_FILES:
            return Fault(kind=Kind.REFUSED, message=NO_MORE_FILES, no_files=True)
        case OSError(errno=number) if number in UNREACHABLE:
            said = f"not reachable: {link.strerror}"
            return Fault(kind=Kind.REFUSED, message=said, lost=True, no_way=number in NO_WAY)
        case httpx2.ConnectTimeout():
            said = f"no connection within {span(CONNECT_LIMIT)}"
            return Fault(kind=Kind.TIMEOUT, message=said, lost=True)
        case httpx2.TimeoutException():
            return Fault(kind=Kind.TIMEOUT, message="the exchange took too long", lost=True)
        case httpx2.LocalProtocolError() | httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return Fault(kind=Kind.POLICY, message=f"cannot be sent: {short(str(link))}", lost=True)
    return None


def _tls(exc: ssl.SSLError) -> Fault:
    # Errors that Python raises itself, and not OpenSSL, have no reason.
    reason = getattr(exc, "reason", None) or next(
        (word for word in NOT_TLS | OLD_TLS if word in str(exc)), ""
    )
    if isinstance(exc, ssl.SSLCertVerificationError):
        cause, said = CERTIFICATES.get(
            exc.verify_code, (Cause.CERT_UNKNOWN, "the server's certificate is not trusted")
        )
        return Fault(kind=Kind.TLS, message=f"{said} ({exc.verify_message})", cause=cause, lost=True)
    if reason in NOT_TLS:
        said = "the server does not speak TLS at this port: the address says https, what answers is plain"
        return Fault(kind=Kind.TLS, message=said, cause=Cause.TLS_TO_PLAIN, lost=True)
    if reason in OLD_TLS:
        said = "the server offers only a version of TLS that is not safe any more"
        return Fault(kind=Kind.TLS, message=f"{said} ({reason})", lost=True)
    if isinstance(exc, ssl.SSLEOFError):
        return Fault(kind=Kind.TLS, message="the server ended the TLS handshake without a word", lost=True)
    return Fault(kind=Kind.TLS, message=f"TLS failed: {short(reason or str(exc))}", lost=True)


def _broke_off(links: Sequence[BaseException]) -> tuple[str, Cause | None]:
    for part, said, cause in _BROKEN:
        if any(part in str(link) for link in links):
            return said, cause
    for kind, said, cause in _BY_CLASS:
        if any(isinstance(link, kind) for link in links):
            return said, cause
    detail = next((short(str(link)) for link in links if str(link).strip()), "")
    return f"the connection broke off: {detail}" if detail else "the connection broke off", None
