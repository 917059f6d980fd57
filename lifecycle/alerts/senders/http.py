"""One HTTP request to a provider: through the egress guard, without redirects, with a bounded answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from django.conf import settings

from lifecycle.alerts.senders.letter import Letter, SendingError
from lifecycle.core.alerting.fitting import Limit
from lifecycle.engine.egress import addresses, outward

READ_AT_MOST = 64 * 1024
SHOWN_AT_MOST = 300
WAIT_AT_MOST = 10**6
TIMEOUT = 10.0
LEAST_TEXT = 100


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that is ready to go."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"

    @classmethod
    def json(cls, url: str, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Call:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return cls(url=url, body=body, headers={"content-type": "application/json", **(headers or {})})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; `whole` is false where there was more of it than is read."""

    status: int
    reason: str
    headers: Mapping[str, str]
    text: str
    whole: bool
    now: datetime

    @property
    def content(self) -> dict[str, Any]:
        """The object that it is in JSON; empty where it is none."""
        try:
            found = json.loads(self.text) if self.whole else None
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """Status and words, as people read them."""
        head = f"{self.status} {self.reason}".strip()
        words = " ".join(self.text.split())
        words = words if len(words) <= SHOWN_AT_MOST else f"{words[:SHOWN_AT_MOST]}…"
        return f"{head}: {words}" if words else head

    def refused(self, *, wait: timedelta | None = None, gone: bool = False) -> SendingError:
        """The error that says: it was not taken."""
        return SendingError(self.said, retry_after=wait, gone=gone)


def within(whole: int, make: Callable[[Limit], Call], text: Limit) -> Call:
    """The request with as much text as keeps its body within *whole* bytes, whatever JSON adds to it."""
    call = make(text)
    while len(call.body) > whole and text.most > LEAST_TEXT:
        text = replace(text, most=text.most * 3 // 4)
        call = make(text)
    return call


Build = Callable[[Letter], Sequence[Call]]
"""The requests that bring a letter, sent one after the other; each of them must be taken. Pure."""
Judge = Callable[[Answer], str]
"""Returns what to note of an answer that says "taken", or raises SendingError. Pure."""


def succeeded(answer: Answer, wait: timedelta | None = None) -> None:
    """Raise SendingError where the status says no; *wait* is what the provider asked for in its own way."""
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise SendingError(f"{answer.said}. Redirects are not followed; give the final address.")
    raise answer.refused(wait=wait or retry_after(answer.headers.get("retry-after", ""), answer.now))


def retry_after(text: str, now: datetime) -> timedelta | None:
    """The header's wait: seconds or a date; None where it says neither."""
    if text.strip().isdecimal():
        return timedelta(seconds=min(int(text), WAIT_AT_MOST))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta(0))
    except (ValueError, TypeError):
        return None


def seconds(value: Any) -> timedelta | None:
    """A wait that a provider gives as a number, or as the text of one; None where it is neither."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=min(number, WAIT_AT_MOST)) if number > 0 else None


def is_zero(code: Any) -> bool:
    """The number that means yes to many; to Python `false` would be one, too."""
    return type(code) is int and code == 0


Start = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Has a message sent by a process of its own; only a worker has one."""


class Outbound:
    """One HTTP client for all providers, so that the expensive TLS context is made once."""

    def __init__(self, start: Start | None = None) -> None:
        self.start = start
        self._client: httpx2.AsyncClient | None = None

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            rule = addresses.Rule.read(settings.EGRESS_ALLOW, private=False)
            context = outward.make_ssl_context()
            transport = outward.transport(rule, ssl_context=context, max_connections=None)
            self._client = httpx2.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT)
        return self._client

    async def send(self, call: Call, now: datetime) -> Answer:
        """The answer, whatever it says; SendingError where there is none."""
        headers = {"user-agent": "MCPStore-Console", "accept-encoding": "identity", **call.headers}
        try:
            async with self._opened().stream(
                call.method, call.url, content=call.body, headers=headers, follow_redirects=False
            ) as answer:
                return await _read(answer, now)
        except addresses.EgressRefusedError as exc:
            raise SendingError(f"not sent: {exc}") from exc
        except (httpx2.HTTPError, httpx2.InvalidURL) as exc:
            raise SendingError(f"no answer: {exc or type(exc).__name__}") from exc

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


async def _read(answer: httpx2.Response, now: datetime) -> Answer:
    """The beginning of the answer; an endless one is left unread."""
    taken, whole = b"", True
    async for chunk in answer.aiter_raw(READ_AT_MOST):
        taken += chunk
        if len(taken) >= READ_AT_MOST:
            whole = False
            break
    return Answer(
        status=answer.status_code,
        reason=answer.reason_phrase,
        headers={name.lower(): value for name, value in answer.headers.items()},
        text=taken[:READ_AT_MOST].decode("utf-8", "replace"),
        whole=whole,
        now=now,
    )


class HttpSender:
    """Carries letters to one kind of provider. Repetitions carry the same `webhook-id`, for who reads it."""

    def __init__(self, build: Build, judge: Judge, outbound: Outbound | None = None) -> None:
        self._build, self._judge, self._outbound = build, judge, outbound or Outbound()

    async def __call__(self, letter: Letter) -> str:
        said, mark = "", {"webhook-id": f"msg_{letter.message_id.hex}"}
        for call in self._build(letter):
            marked = replace(call, headers={**mark, **call.headers})
            said = self._judge(await self._outbound.send(marked, letter.now))
        return said

    async def aclose(self) -> None:
        await self._outbound.aclose()
