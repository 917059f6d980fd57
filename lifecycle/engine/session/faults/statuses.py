"""An HTTP status that says failure, in words, with what is most probably meant by it."""

from __future__ import annotations

import re
from http import HTTPStatus

from lifecycle.core.answers import epitaph, redirects
from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.session.faults.breaks import short
from lifecycle.engine.session.faults.trace import Trace

WANTS_TLS = re.compile(
    r"plain HTTP request was sent to HTTPS port|HTTP request to an? HTTPS server", re.IGNORECASE
)
OF_SSE = re.compile(r"session_?id (?:is )?(?:required|missing)|(?:missing|no) session_?id", re.IGNORECASE)
_TAG = re.compile(r"<(?:script|style|head)\b.*?</(?:script|style|head)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
NOT_THIS_WAY = frozenset({404, 405, 406, 415})
GATEWAYS = frozenset({502, 504, 520, 521, 522, 523, 524, 525, 526, 530})
UPSTREAM = re.compile(r"\b(?:upstream|backend|origin server)\b", re.IGNORECASE)


def status_line(status: int) -> str:
    """A status by number and name."""
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return f"HTTP {status} {name}".strip()


def first_line(text: str, content_type: str) -> str:
    """What the body of an error says in one line; a web page is no word of an MCP server."""
    if content_type.startswith("text/html") or text.lstrip()[:1] == "<":
        return ""
    if content_type.startswith("application/json") or text.lstrip()[:1] in "{[":
        return short(_member(text))
    if text.startswith("Traceback (most recent call last)"):
        return short(epitaph.why(text))
    return short(next((line for line in text.splitlines() if line.strip()), ""))


def body_words(trace: Trace) -> str:
    """What the body of a refusal says; of a web page only that it is one, for a firewall may have sent it."""
    if trace.content_type.startswith("text/html"):
        return "with a web page, perhaps of a firewall or proxy before the server"
    return first_line(trace.text, trace.content_type)


def _member(text: str) -> str:
    """The text in a JSON error, wherever it stands; the body may be cut off."""
    for names in ("message|error_description|detail", "title|error|reason"):
        if found := re.search(rf'"(?:{names})"\s*:\s*"((?:[^"\\]|\\.)*)"', text):
            return found[1].replace('\\"', '"').replace("\\n", " ")
    return text


def refused(trace: Trace, said: str = "") -> Fault:
    """The fault that a status of 300 and more means; *said* is the server's own error in JSON-RPC."""
    status, text = trace.status or 0, status_line(trace.status or 0)
    if status < 400:
        told = f"{text}: {short(redirects.refusal(trace.url, status, trace.location))}"
        to = redirects.elsewhere(trace.url, status, trace.location)
        return Fault(kind=Kind.HTTP, message=told, cause=Cause.REDIRECTED, elsewhere=to)
    line = short(said) or first_line(trace.text, trace.content_type)
    wait = f" (asks to wait {span(trace.retry_after)})" if trace.retry_after else ""
    return Fault(
        kind=Kind.HTTP,
        message=f"{text}: {line}{wait}" if line else f"{text}{wait}",
        cause=_cause(trace, line),
        retry_after=trace.retry_after,
    )


def _cause(trace: Trace, line: str) -> Cause | None:
    status = trace.status or 0
    if WANTS_TLS.search(f"{line} {trace.text}"):
        return Cause.PLAIN_TO_TLS
    if status == 407:
        return Cause.PROXY
    if status == 429:
        return Cause.THROTTLED
    if status in GATEWAYS or (status == 503 and not trace.retry_after and UPSTREAM.search(line)):
        return Cause.GATEWAY
    if status >= 500:
        return Cause.SERVER_ERROR
    if trace.transport == "sse" and trace.verb == "GET" and (status in NOT_THIS_WAY or status == 400):
        return Cause.NOT_FOUND if status == 404 else Cause.WANTS_STREAMABLE
    if trace.transport != "sse" and (status in (405, 406, 415) or OF_SSE.search(line)):
        return Cause.WANTS_SSE
    return Cause.NOT_FOUND if status in (404, 410) else None
