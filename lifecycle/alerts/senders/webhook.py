"""The webhook channel: JSON, signed as Standard Webhooks has it (standardwebhooks.com, version 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import httpx2
from django.conf import settings

from lifecycle.alerts.channels.config import secret_bytes
from lifecycle.alerts.senders.letter import Letter, SendingError
from lifecycle.engine.egress import addresses, outward

READ_AT_MOST = 4096
SHOWN_AT_MOST = 300


def body_of(payload: dict[str, Any]) -> bytes:
    """The same bytes at each repetition."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def headers_for(message_id: UUID, body: bytes, secrets: tuple[str, ...], now: datetime) -> dict[str, str]:
    """One signature for each secret, so that a receiver may know the old one or the new one."""
    name, moment = f"msg_{message_id.hex}", str(int(now.timestamp()))
    signed = b".".join((name.encode(), moment.encode(), body))
    marks = (hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "content-type": "application/json",
        "user-agent": "MCPStore-Console",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mark).decode()}" for mark in marks),
    }


class WebhookSender:
    """Holds one HTTP client, so that the expensive TLS context is made once."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            rule = addresses.Rule.read(settings.EGRESS_ALLOW, private=False)
            context = outward.make_ssl_context()
            transport = outward.transport(rule, ssl_context=context, max_connections=None)
            self._client = httpx2.AsyncClient(transport=transport, trust_env=False, timeout=10.0)
        return self._client

    async def __call__(self, letter: Letter) -> str:
        body = body_of(letter.payload)
        headers = headers_for(letter.message_id, body, letter.config.signing(letter.now), letter.now)
        try:
            async with self._opened().stream(
                "POST", letter.config.url, content=body, headers=headers, follow_redirects=False
            ) as answer:
                text = await _beginning(answer)
        except addresses.EgressRefusedError as exc:
            raise SendingError(f"not sent: {exc}") from exc
        except httpx2.HTTPError as exc:
            raise SendingError(f"no answer: {exc or type(exc).__name__}") from exc
        return _judge(answer, text, letter.now)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


async def _beginning(answer: httpx2.Response) -> str:
    """The first bytes of the answer, for people; an endless one is left unread."""
    taken = b""
    async for chunk in answer.aiter_raw(READ_AT_MOST):
        taken += chunk
        if len(taken) >= READ_AT_MOST:
            break
    text = " ".join(taken.decode("utf-8", "replace").split())
    return text if len(text) <= SHOWN_AT_MOST else f"{text[:SHOWN_AT_MOST]}…"


def _judge(answer: httpx2.Response, text: str, now: datetime) -> str:
    said = f"{answer.status_code} {answer.reason_phrase}".strip() + (f": {text}" if text else "")
    if answer.is_success:
        return said
    if answer.status_code == 410:
        raise SendingError(f"{said}. The receiver wants no more messages.", gone=True)
    if answer.is_redirect:
        raise SendingError(f"{said}. Redirects are not followed; give the final address.")
    raise SendingError(said, retry_after=retry_after(answer.headers.get("retry-after", ""), now))


def retry_after(text: str, now: datetime) -> timedelta | None:
    """The header's wait: seconds or a date; None where it says neither."""
    if text.strip().isdecimal():
        return timedelta(seconds=min(int(text), 10**6))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta(0))
    except (ValueError, TypeError):
        return None
