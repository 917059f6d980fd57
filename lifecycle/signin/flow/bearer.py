"""The token of one service in this worker's hands: put on each request, renewed ahead of its end.

A renewal runs in a task of its own. Requests wait for it only where the token has ended, and not for long; to
give up waiting cancels nothing, for the answer to a refresh token that was sent must not be lost.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx2
from django.db import Error
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from lifecycle.core.answers.causes import Cause
from lifecycle.core.signin import addresses, renewal
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.engine.recording.writer import Writer
from lifecycle.signin import record
from lifecycle.signin.flow import tokens
from lifecycle.signin.flow.discovery import metadata_of
from lifecycle.signin.flow.http import Http, refusal
from registry.installation import trouble
from registry.secrets.masking import variants

WAIT_AT_MOST = 5.0
KEEP_TRYING = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
AGAIN_AFTER, JUST_NOW = timedelta(seconds=30), timedelta(seconds=2)
MORE = re.compile(r'error="?insufficient_scope"?', re.IGNORECASE)
SCOPE = re.compile(r'scope="([^"]*)"', re.IGNORECASE)
NO_REFRESH = "the token has expired, and the server issued no refresh token"
JUST_RENEWED = "the server rejects a token that was just renewed"


class _Authorized(httpx2.AsyncBaseTransport):
    """What is refused is sent once more where another token is to be had.

    Why it was refused all the same goes along with the answer: whoever asks next may ask for something else.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, bearer: Bearer) -> None:
        self._inner, self._bearer = inner, bearer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        token = await self._bearer.header()
        response = await self._send(request, token)
        if response.status_code == 401 and await self._bearer.refused(token):
            await response.aclose()
            token = self._bearer.grant.access
            response = await self._send(request, token)
        self._bearer.took(token, taken=response.status_code != 401)
        challenge = response.headers.get("www-authenticate", "")
        if response.status_code == 401 or (response.status_code == 403 and self._bearer.lacks(challenge)):
            response.extensions = {**response.extensions, "sign_in": self._bearer.trouble}
        return response

    async def _send(self, request: httpx2.Request, token: str) -> httpx2.Response:
        request.headers["Authorization"] = f"Bearer {token}"
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Bearer:
    """`trouble` is why the service did not take the token, with the words of whoever said so."""

    def __init__(
        self,
        grant: record.Grant,
        *,
        writer: Writer,
        http: Http,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._writer, self._http, self._clock, self._chance, self._spawn = writer, http, clock, chance, spawn
        self.grant = grant
        self._renewed = self._taken = False
        self._task: asyncio.Task[None] | None = None
        self._not_before = self._renewed_at = datetime.min.replace(tzinfo=clock().tzinfo)
        self.trouble: tuple[Cause, str] = (Cause.SIGN_IN_ENDED, "")
        self.adopt(grant)

    def adopt(self, grant: record.Grant) -> None:
        """From now on these tokens."""
        self.grant = grant
        self.secret = variants(grant.secrets)

    async def header(self) -> str:
        """What the next request presents; renews what ends soon beside it, and first what has ended."""
        now, grant = self._clock(), self.grant
        if grant.expires_at is not None and now >= grant.expires_at:
            await self._renew()
        elif grant.renew_at is not None and now >= max(grant.renew_at, self._not_before):
            self._begin()
        return self.grant.access

    async def refused(self, sent: str) -> bool:
        """The service did not take what was sent (401): whether there is another token to try."""
        fresh = self._clock() - self._renewed_at < JUST_NOW
        if self.grant.access == sent and self._renewed and (fresh or not self._taken):
            self.trouble = (Cause.SIGN_IN_ENDED, JUST_RENEWED)
        elif self.grant.access == sent:
            await self._renew()
        return self.grant.access != sent

    def took(self, sent: str, *, taken: bool) -> None:
        """Whether the service takes the token that was sent."""
        if self.grant.access == sent:
            self._taken = self._taken or taken

    def lacks(self, challenge: str) -> bool:
        """Whether a refusal (403) asks for more scopes; they are noted, for a person to be asked."""
        if not MORE.search(challenge):
            return False
        found = SCOPE.search(challenge)
        scope = " ".join(found[1].split()) if found else ""
        self.trouble = (Cause.MORE_SCOPE, scope)
        self._spawn(self._writer.write(record.want, self.grant.service, scope, self._clock()))
        return True

    def over(self, inner: httpx2.AsyncBaseTransport) -> httpx2.AsyncBaseTransport:
        """A transport that puts the token on each request, those that are sent again too."""
        return _Authorized(inner, self)

    # -- renewing ---------------------------------------------------------------------------------------

    def _begin(self) -> asyncio.Task[None]:
        if self._task is None or self._task.done():
            self._task = self._spawn(self._renewal())
        return self._task

    async def _renew(self) -> None:
        if not (self.grant.refresh or self.grant.machine):
            self.trouble = (Cause.SIGN_IN_ENDED, NO_REFRESH)
            if self.grant.problem != Cause.SIGN_IN_ENDED:
                self._spawn(self._note(self.grant, *self.trouble, cut=False))
        elif self.grant.problem in renewal.ENDS:
            self.trouble = (Cause(self.grant.problem), "")
        else:
            self.trouble = (Cause.ISSUER_AWAY, "the renewal of the token is under way")
            await asyncio.wait({self._begin()}, timeout=WAIT_AT_MOST)

    async def _renewal(self) -> None:
        """One renewal, if nobody else is at it: asked for, kept, and only then used."""
        now = self._clock()
        try:
            current, mine = await self._writer.write(record.begin_renewal, self.grant, now)
        except Error as exc:
            trouble.warn(exc)
            return
        if current is None:
            return
        if current.version != self.grant.version:
            self.adopt(current)
        elif mine and (current.refresh or current.machine):
            await self._ask(current)
        if self.grant.version == current.version:  # nothing came of it
            self._not_before = now + AGAIN_AFTER

    async def _ask(self, grant: record.Grant) -> None:
        server = metadata_of(grant.server)
        if server is None:
            return
        client = OAuthClientInformationFull.model_validate(grant.client)
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh}
        if grant.machine:
            form = {"grant_type": "client_credentials", **({"scope": grant.scope} if grant.scope else {})}
        hosts = {addresses.host_of(grant.resource), addresses.host_of(grant.issuer_named)}
        heard = False
        try:
            answer = await self._http.ask(tokens.request(server, client, grant.resource, form), hosts)
            heard = True
            given = tokens.read(answer)
        except SignInError as exc:
            error = refusal(answer)[0] if heard else ""
            cause = renewal.refusal(error, cut=grant.cut)
            self.trouble = (cause, exc.said)
            cut = (not heard and exc.failure is Failure.UNANSWERED) or grant.cut
            await self._note(grant, cause, exc.said, cut=cut)
            return
        await self._keep(grant, given)

    async def _note(self, grant: record.Grant, cause: Cause, said: str, *, cut: bool) -> None:
        """Write down why nothing came of a renewal; the next one reads it."""
        try:
            await self._writer.write(record.not_renewed, grant, cause, said, cut=cut, now=self._clock())
        except Error as exc:
            trouble.warn(exc)
            return
        self.grant = replace(self.grant, problem=cause, cut=cut)

    async def _keep(self, grant: record.Grant, given: OAuthToken) -> None:
        """Commit the new tokens; a database in trouble is waited for, since the old ones may be used up."""
        now = self._clock()
        kept = given.model_dump(mode="json", exclude_none=True)
        kept.setdefault("refresh_token", grant.refresh)
        ends = None if given.expires_in is None else now + timedelta(seconds=given.expires_in)
        due = renewal.renew_at(now, given.expires_in, self._chance())
        for wait in KEEP_TRYING:
            try:
                scope = given.scope or grant.scope
                fresh = await self._writer.write(record.renewed, grant, kept, scope, ends, due)
                break
            except Error as exc:
                trouble.warn(exc)
                await asyncio.sleep(wait)
        else:
            return
        self._renewed, self._taken, self._renewed_at = True, False, now
        self.trouble = (Cause.SIGN_IN_ENDED, JUST_RENEWED)
        if fresh is not None:
            self.adopt(fresh)
