"""From an exception, and the trace of its exchange, to the answer that it stands for.

The SDK dresses its own troubles as errors of the server. Ours are told by the exception and not by a code
that a server can send as well; what the SDK makes up for want of an answer, by its words and the exchange.
"""

from __future__ import annotations

from anyio import BrokenResourceError, ClosedResourceError
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR

from lifecycle.core.answers.proof import Answer, Proof, prove
from lifecycle.engine.session.faults.trace import Trace, chain

STAND_INS = frozenset({"Session terminated", "Not Found", "Server returned an error response"})
UNREADABLE = "Failed to parse"
STREAM_ENDED = "SSE stream "
WORDS = 500


def timed_out(exc: BaseException) -> bool:
    """Whether it was we who waited too long, and not the server for somebody else."""
    return isinstance(exc.__context__, TimeoutError)


def cut_off(exc: MCPError, trace: Trace) -> bool:
    """Whether the streams of the session, or of this request, ended before there was an answer."""
    if isinstance(exc.__context__, BrokenResourceError | ClosedResourceError):
        return True
    if exc.code != CONNECTION_CLOSED:
        return False
    events = trace.content_type.startswith("text/event-stream") and trace.transport != "sse"
    return trace.closed or (events and exc.message.startswith(STREAM_ENDED))


def made_up(exc: MCPError, trace: Trace) -> bool:
    """Whether the SDK made this error up, so that its code and words are not the server's."""
    if timed_out(exc) or cut_off(exc, trace):
        return True
    status = _status(trace)
    if status is None:
        return False
    if status != 200 and status < 400:
        return True  # 202, or a redirect
    if not trace.content_type.startswith(("application/json", "text/event-stream")):
        return True
    if exc.code == PARSE_ERROR and exc.message.startswith(UNREADABLE):
        return True
    return status >= 400 and exc.message in STAND_INS


def answer_of(exc: BaseException, trace: Trace) -> Answer | None:
    """What the server answered; None where the exchange ended before it did."""
    first = first_error(exc)
    if trace.broken or trace.oversize or (first and (timed_out(first) or cut_off(first, trace))):
        return None
    said = None if first is None or made_up(first, trace) else first
    return Answer(
        phase=trace.phase,
        transport=trace.transport,
        modern=trace.modern,
        in_session=trace.had_session,
        status=_status(trace),
        code=said.code if said else None,
        words=(said.message if said else trace.text)[:WORDS],
        waits=trace.retry_after is not None,
    )


def first_error(exc: BaseException) -> MCPError | None:
    """The first error of JSON-RPC in the chain of *exc*."""
    return next((link for link in chain(exc) if isinstance(link, MCPError)), None)


def _status(trace: Trace) -> int | None:
    """That of the answer: over SSE a message that was taken is answered by the stream, and not by HTTP."""
    taken = trace.transport == "sse" and trace.status is not None and trace.status < 300
    return None if taken else trace.status


def proof_of(exc: BaseException, trace: Trace) -> Proof:
    """What one request that did not bring a result proves."""
    answer = answer_of(exc, trace)
    return Proof.NOTHING if answer is None else prove(answer)


def ends_the_reading(exc: MCPError, trace: Trace) -> bool:
    """Whether nothing more can be read after it: we waited too long, or the session is gone or closed."""
    return timed_out(exc) or cut_off(exc, trace) or proof_of(exc, trace) is Proof.GONE
