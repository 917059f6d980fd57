"""What went wrong with a foreign server: an exception and the trace of its HTTP exchange become a Fault."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import httpx2
from mcp import MCPError
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Answer, Phase, Proof, never_ran, prove
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.egress.addresses import EgressRefusedError
from lifecycle.engine.session.faults.answered import UNREADABLE, answer_of, cut_off, made_up, timed_out
from lifecycle.engine.session.faults.breaks import broken, short
from lifecycle.engine.session.faults.statuses import body_words, refused, status_line
from lifecycle.engine.session.faults.trace import Trace, chain

NO_EXCHANGE = (httpx2.HTTPError, OSError, EgressRefusedError)
EXCHANGED = (TimeoutError, httpx2.SSEError)
WEB_PAGE = "responded with a web page; this is not the address of an MCP server"
WRAPPED = "Client failed to connect:"
_OTHER_VERSION = re.compile(r"Unsupported protocol version from the server: (\S+)")


class ConnectionFault(Exception):
    """A connection could not be made, or a request on it failed; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.kind}: {fault.message}")
        self.fault = fault


def classify(exc: BaseException, trace: Trace | None = None) -> Fault:
    """The fault that *exc* means, with what the answer proves all the same; the words come from below."""
    trace = trace or Trace()
    links = list(chain(exc))
    if trace.oversize or any("byte limit" in str(link) for link in links):
        return Fault(kind=Kind.OVERSIZE, message="the answer is larger than 16 MiB and was not read")
    if trace.broken:
        return broken(trace.broken)
    answer = answer_of(exc, trace)
    proof = prove(answer) if answer else Proof.NOTHING
    match proof:
        case Proof.GONE if answer:
            fault = Fault(kind=Kind.CLOSED, message=_session_gone(answer), lost=True)
            return replace(fault, proof=proof, turned_away=never_ran(answer))
        case Proof.SIGN_IN if answer:
            return _refused_sign_in(answer, trace)
        case Proof.LIFE if answer:
            if answer.code == UNSUPPORTED_PROTOCOL_VERSION and answer.phase is Phase.CONNECT:
                return replace(_version(_supported(links)), proof=proof)
            said = f"answered with error {answer.code}: {short(answer.words)}"
            cause = Cause.ANSWERS_ERROR if answer.phase is Phase.CONNECT else None
            return Fault(kind=Kind.PROTOCOL, message=said, cause=cause, proof=proof)
    return replace(_unanswered(links, trace), proof=proof)


def _unanswered(links: list[BaseException], trace: Trace) -> Fault:
    """No JSON-RPC came back: by what the HTTP layer saw first and by what the SDK made of it last."""
    if trace.status is not None and (trace.status >= 400 or 300 <= trace.status < 400):
        return _status(trace, links)
    for link in links:
        if isinstance(link, MCPError):
            return _protocol(link, trace)
    if trace.content_type.startswith("text/html"):
        return Fault(kind=Kind.PROTOCOL, message=WEB_PAGE, cause=Cause.WEB_PAGE, lost=True)
    if any(isinstance(link, NO_EXCHANGE) and not isinstance(link, EXCHANGED) for link in links):
        return broken(links)
    return _other(links)


def _session_gone(answer: Answer) -> str:
    what = "the server no longer knows the session; it was probably restarted"
    status = f"HTTP {answer.status}" if answer.status else ""
    said = ": ".join(part for part in (status, short(answer.words)) if part)
    return f"{what} ({said})" if said else what


def _refused_sign_in(answer: Answer, trace: Trace) -> Fault:
    """Nobody is let in: for want of a sign-in, or of the server that would renew its token."""
    message = _not_let_in(answer, trace)
    if trace.sign_in is None:
        cause = Cause.NEEDS_SIGN_IN if "resource_metadata=" in trace.challenge else None
        return Fault(kind=Kind.AUTH, message=message, cause=cause, proof=Proof.SIGN_IN)
    cause, said = trace.sign_in
    if cause is Cause.ISSUER_AWAY:
        told = f"the token has expired and could not be renewed: {short(said)}"
        return Fault(kind=Kind.HTTP, message=told, cause=cause)
    message = f"{message}: {short(said)}" if said else message
    return Fault(kind=Kind.AUTH, message=message, cause=cause, proof=Proof.SIGN_IN)


def _not_let_in(answer: Answer, trace: Trace) -> str:
    text = status_line(answer.status) if answer.status and answer.status >= 400 else f"error {answer.code}"
    words = short(answer.words) if answer.code is not None else body_words(trace)
    said = f" ({words})" if words else ""
    wants = f"; it asks for {short(trace.challenge)}" if trace.challenge else ""
    return f"{text}: the server does not accept our credentials{said}{wants}"


def _status(trace: Trace, links: list[BaseException]) -> Fault:
    said = [link.message for link in links if isinstance(link, MCPError) and not made_up(link, trace)]
    return refused(trace, said[0] if said else "")


def _protocol(exc: MCPError, trace: Trace) -> Fault:
    if timed_out(exc):
        return Fault(kind=Kind.TIMEOUT, message="no answer in time")
    if cut_off(exc, trace):
        detail = "" if exc.message == "Connection closed" else f" ({short(exc.message)})"
        return Fault(kind=Kind.CLOSED, message=f"the server closed the connection{detail}", lost=True)
    if trace.content_type.startswith("text/html"):
        return Fault(kind=Kind.PROTOCOL, message=WEB_PAGE, cause=Cause.WEB_PAGE)
    return Fault(kind=Kind.PROTOCOL, message=_no_answer(exc, trace))


def _no_answer(exc: MCPError, trace: Trace) -> str:
    """What came in place of an answer."""
    if not made_up(exc, trace) or trace.status is None:
        return short(exc.message)
    ours = trace.content_type.startswith(("application/json", "text/event-stream"))
    if not trace.size and (ours or trace.status != 200):  # what is of another type is not even read
        return f"the answer is empty: {status_line(trace.status)} with nothing in it"
    if not ours:
        kind = short(trace.content_type.partition(";")[0]) or "something without a type"
        return f"answered with {kind}, and not in JSON or an event stream"
    return "the answer is not JSON-RPC" if exc.message.startswith(UNREADABLE) else short(exc.message)


def _supported(links: list[BaseException]) -> str:
    """The versions that a server names as its own."""
    data = next((link.data for link in links if isinstance(link, MCPError)), None)
    named = data.get("supported") if isinstance(data, dict) else None
    return ", ".join(str(version)[:20] for version in named[:5]) if isinstance(named, list) else ""


def _version(theirs: str) -> Fault:
    known = f"this console speaks {KNOWN_PROTOCOL_VERSIONS[0]} to {KNOWN_PROTOCOL_VERSIONS[-1]}"
    what = (
        f"the server wants protocol version {theirs}" if theirs else "the server refuses the protocol version"
    )
    said = f"{what}; {known}"
    return Fault(kind=Kind.PROTOCOL, message=said, cause=Cause.VERSION, lost=True)


def _other(links: list[BaseException]) -> Fault:
    """What is neither HTTP nor JSON-RPC: the session cannot be trusted after it."""
    if any(isinstance(link, TimeoutError) for link in links):
        return Fault(kind=Kind.TIMEOUT, message="no answer in time", lost=True)
    for link in links:
        if isinstance(link, ValidationError):
            return Fault(kind=Kind.PROTOCOL, message=_invalid(link), lost=True)
        if found := _OTHER_VERSION.search(str(link)):
            return _version(found[1])
    return Fault(kind=Kind.PROTOCOL, message=_inner(links), lost=True)


def _invalid(exc: ValidationError) -> str:
    """Which part of an answer is wrong, and how; never the answer itself."""
    what = "the answer does not follow the protocol"
    for error in exc.errors(include_url=False, include_context=False, include_input=False)[:1]:
        where = ".".join(str(part) for part in error["loc"])
        return short(f"{what}: {where}: {error['msg']}" if where else f"{what}: {error['msg']}")
    return what


def _inner(links: Sequence[BaseException]) -> str:
    """The first cause that says something itself; groups and FastMCP's own exception only wrap another."""
    wrapped = [link for link in links if not isinstance(link, BaseExceptionGroup)]
    for link in wrapped:
        text = short(str(link))
        if text and not text.startswith(WRAPPED):
            return text
    said = short(str(wrapped[0])).removeprefix(WRAPPED).strip() if wrapped else ""
    return (
        f"the connection could not be made: {said}"
        if said and "sub-exception" not in said
        else "the session failed without an error message"
    )
