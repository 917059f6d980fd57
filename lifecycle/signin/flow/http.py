"""The requests of a sign-in: from the worker, through the egress guard, without redirects, bounded.

An address that the service or an admin named by its host is reached as the service is; one that only a server
named must be public or allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import httpx2
from django.conf import settings

from lifecycle.core.signin import addresses
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.engine.egress import outward
from lifecycle.engine.egress.addresses import EgressRefusedError, Rule
from registry.installation import egress

TIMEOUT = 10.0
READ_AT_MOST = 512 * 1024


class Http:
    """One per worker."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    def _client(self, known: bool) -> httpx2.AsyncClient:
        if known not in self._clients:
            rule = egress.rule() if known else Rule.read(settings.EGRESS_ALLOW, private=False)
            transport = outward.transport(rule, ssl_context=outward.make_ssl_context())
            self._clients[known] = httpx2.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT)
        return self._clients[known]

    async def ask(self, request: httpx2.Request, hosts: Collection[str]) -> httpx2.Response:
        """The whole answer, whatever it says; SignInError where there is none, or none worth reading.

        *hosts* are those that the service and its admin named.
        """
        url = str(request.url)
        request.headers["accept-encoding"] = "identity"
        try:
            async with asyncio.timeout(TIMEOUT):
                known = addresses.host_of(url) in hosts
                answer = await self._client(known).send(request, stream=True, follow_redirects=False)
                try:
                    body = await _read(answer)
                finally:
                    await answer.aclose()
        except EgressRefusedError as exc:
            raise SignInError(Failure.REFUSED_ADDRESS, f"{url}: {exc}") from exc
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as exc:
            why = "no answer in time" if isinstance(exc, TimeoutError) else str(exc) or type(exc).__name__
            raise SignInError(Failure.UNANSWERED, f"{url}: {why}") from exc
        return httpx2.Response(answer.status_code, headers=_plain(answer), content=body, request=request)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def _plain(answer: httpx2.Response) -> list[tuple[str, str]]:
    """The headers without those that say how the body travelled."""
    skipped = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in skipped]


async def _read(answer: httpx2.Response) -> bytes:
    """Its body; of one that is too long nothing, which no reader takes for an answer."""
    body = b""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return body
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > READ_AT_MOST:
            return b""
    return body


def in_trouble(answer: httpx2.Response) -> bool:
    """Whether it says that it is ill or busy, which says nothing of what was asked."""
    return answer.status_code >= 500 or answer.status_code == 429


def refusal(answer: httpx2.Response) -> tuple[str, str]:
    """The error code of OAuth in an answer, and its words in one line; `("", status)` where it has none."""
    status = f"HTTP {answer.status_code}"
    try:
        said = answer.json()
    except ValueError:
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(error, str):
        return "", status
    why = said.get("error_description")
    words = f"{error}: {why}" if isinstance(why, str) and why else error
    return error, f"{status}: {' '.join(words.split())}"[:400]
