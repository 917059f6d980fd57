"""What the HTTP layer sees of one request, kept for whoever asked: the SDK passes none of it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx2

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Phase
from lifecycle.core.health.verdict import Fault
from lifecycle.engine.session.web.repeating import Sent


class Stage(StrEnum):
    """How far an exchange came: the TCP connection, the TLS handshake, the request, the end of an answer."""

    CONNECTING = "connecting"
    TLS = "tls"
    ASKED = "asked"
    ANSWERED = "answered"


_STAGES = {
    "connect_tcp.started": Stage.CONNECTING,
    "start_tls.started": Stage.TLS,
    "send_request_headers.started": Stage.ASKED,
    "receive_response_body.complete": Stage.ANSWERED,
}


class TooManyHeadersError(httpx2.RemoteProtocolError):
    """The head of an answer went past the limit."""


@dataclass
class Trace:
    """The last answer, or how the exchange broke off; `sent` is the request, where it could be sent again.

    `size` is how much came of its body, `text` its beginning where the status says failure, `closed` that
    the session's own streams are; `fail` ends the request where the SDK would wait on. `sign_in` is what is
    wrong with the token that was presented, and who said so.
    """

    phase: Phase = Phase.CHECK
    transport: str = "stdio"
    modern: bool = False
    closed: bool = False
    fail: Callable[[Fault], None] | None = None
    verb: str = ""
    stage: Stage | None = None
    status: int | None = None
    content_type: str = ""
    text: str = ""
    size: int = 0
    challenge: str = ""
    sign_in: tuple[Cause, str] | None = None
    url: str = ""
    location: str = ""
    retry_after: timedelta | None = None
    had_session: bool = False
    oversize: bool = False
    broken: tuple[BaseException, ...] = ()
    sent: tuple[httpx2.AsyncBaseTransport, httpx2.Request | Sent] | None = None

    async def follow(self, event: str, info: object) -> None:
        """What httpcore calls at each step of an exchange."""
        self.stage = _STAGES.get(event.partition(".")[2], self.stage)

    def note_break(self, exc: Exception) -> None:
        """Keep the whole chain now: whoever raises *exc* again on its way up cuts the causes off."""
        self.broken = tuple(chain(exc))


TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)


def read_retry_after(text: str, now: datetime) -> timedelta | None:
    """Seconds or a date; None where it is neither or lies in the past."""
    try:
        wait = timedelta(seconds=int(text)) if text.strip().isdigit() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return wait if wait > timedelta(0) else None


def chain(exc: BaseException | None) -> Iterator[BaseException]:
    """The exception, those inside it if it is a group, and those that caused it."""
    seen: set[int] = set()
    todo = [exc]
    while todo:
        current = todo.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        todo += current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        todo += [current.__cause__, current.__context__]
