"""What the HTTP layer sees of one request, kept for whoever asked: the SDK passes none of it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2


class TooManyHeadersError(httpx2.RemoteProtocolError):
    """The head of an answer went past the limit."""


@dataclass
class Trace:
    """The last answer, or how the exchange broke off; `sent` is the request, where it could be sent again."""

    status: int | None = None
    content_type: str = ""
    challenge: str = ""
    location: str = ""
    retry_after: timedelta | None = None
    had_session: bool = False
    oversize: bool = False
    broken: tuple[BaseException, ...] = ()
    sent: tuple[httpx2.AsyncBaseTransport, httpx2.Request] | None = None

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
