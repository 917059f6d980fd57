"""One attempt to sign in, as far as the worker carries it: up to the consent, and from there to tokens."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import traceback
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error
from mcp.client.auth import OAuthFlowError
from mcp.client.auth.utils import validate_authorization_response_iss
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from lifecycle.core.signin import addresses, renewal
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.engine.recording.writer import Writer
from lifecycle.signin import record
from lifecycle.signin.flow import registration, tokens
from lifecycle.signin.flow.bearer import Bearer
from lifecycle.signin.flow.discovery import Found, Note, Target, discover, metadata_of
from lifecycle.signin.flow.http import Http
from registry.core.entries.entry import ServiceConfig
from registry.errors import SecretsError

log = structlog.get_logger("lifecycle.signin")
PATIENCE, WAITS = 0.5, 80
DISCOVERY, REGISTRATION, TOKEN = "discovery", "registration", "token"
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass(frozen=True, kw_only=True)
class End:
    """How far an attempt was carried: to tokens, to an error, or to where a person goes on."""

    signed_in: bool = False
    error: str = ""


class SignIns:
    """One per worker: carries attempts on, and has the tokens of the services that it holds."""

    def __init__(
        self,
        writer: Writer,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        spawn: Spawn,
        public_url: str,
    ) -> None:
        self._writer, self._clock, self._chance, self._spawn = writer, clock, chance, spawn
        self._public_url = public_url
        self._http = Http()

    def bearer(self, grant: record.Grant, config: ServiceConfig) -> Bearer | None:
        """The token for that service; None where it was given for another address than it has now."""
        if not addresses.is_within(config.url, grant.resource):
            return None
        return Bearer(
            grant,
            writer=self._writer,
            http=self._http,
            clock=self._clock,
            chance=self._chance,
            spawn=self._spawn,
        )

    async def begin(self, service: int, config: ServiceConfig) -> End:
        """Up to where a person must consent."""
        return await self._carry(service, lambda attempt: self._prepare(attempt, config))

    async def finish(self, service: int, config: ServiceConfig, given: Mapping[str, Any]) -> End:
        """From what the authorization server sent along with the person."""
        return await self._carry(service, lambda attempt: self._exchange(attempt, config, given))

    async def _carry(self, service: int, work: Callable[[record.Attempt], Coroutine[Any, Any, bool]]) -> End:
        attempt = await self._writer.do(record.attempt, service)
        if attempt is None or attempt.ended:  # replaced, or carried to its end before a restart
            return End()
        try:
            return End(signed_in=await work(attempt))
        except SignInError as exc:
            failure, said = exc.failure, exc.said
        except Error:
            raise
        except Exception as exc:  # a foreign boundary: documents and answers of strangers
            # Not its words: they may repeat an answer, with tokens in it.
            log.error("sign-in failed", service=service, error=type(exc).__name__, at=_place(exc))
            failure, said = Failure.OURS, type(exc).__name__
        await self._writer.write(record.fail, attempt, failure, said, self._clock())
        return End(error=f"{failure}: {said}" if said else failure.value)

    def _noting(self, attempt: record.Attempt, step: str) -> Note:
        async def note(word: str, **details: Any) -> None:
            await self._writer.write(record.note, attempt, step, word, details)

        return note

    # -- up to the consent ------------------------------------------------------------------------------

    async def _prepare(self, attempt: record.Attempt, config: ServiceConfig) -> bool:
        if attempt.pending:  # asked for before a restart: a person may be there already
            return False
        prior, more = await self._writer.do(record.prior, attempt.service)
        target = _target(config, prior)
        found = await discover(self._http, target, self._noting(attempt, DISCOVERY))
        wanted = prior.scope if prior and prior.scope else found.scope
        found = Found(
            server=found.server,
            resource=found.resource,
            scope=" ".join(dict.fromkeys([*wanted.split(), *more.split()])),
            guessed=found.guessed,
        )
        client = await self._client(attempt, target, found, prior)
        if prior is not None and prior.machine:
            await self._as_machine(attempt, target, found, client)
            return True
        state = secrets.token_urlsafe(32)
        url, verifier = tokens.authorization_url(found, client, attempt.redirect_uri, state)
        pending = {
            "url": url,
            "verifier": verifier,
            "client": client.model_dump(mode="json", exclude_none=True),
            "server": found.server.model_dump(mode="json", exclude_none=True),
            "resource": found.resource,
            "scope": found.scope,
            "issuer": found.issuer,
        }
        digest = hashlib.sha256(state.encode()).hexdigest()
        await self._writer.write(record.await_consent, attempt, digest, pending)
        return False

    async def _client(
        self, attempt: record.Attempt, target: Target, found: Found, prior: record.Prior | None
    ) -> OAuthClientInformationFull:
        """As whom to come: the first that there is in the order of the rules."""
        await self._writer.write(record.enter, attempt, REGISTRATION)
        note = self._noting(attempt, REGISTRATION)
        if prior is not None:
            await note("by-hand", client=prior.client_id)
            return registration.by_hand(found, prior.client_id, prior.secret)
        if document := registration.by_document(found, self._public_url):
            await note("by-document", client=document.client_id)
            return document
        if kept := await self._claim(attempt, found.issuer):
            await note("kept", client=str(kept.get("client_id", "")))
            return OAuthClientInformationFull.model_validate(kept)
        try:
            client = await registration.register(self._http, target, found, attempt.redirect_uri)
        except BaseException:
            await self._writer.write(record.drop_client, found.issuer, attempt.redirect_uri)
            raise
        written = client.model_dump(mode="json", exclude_none=True)
        await self._writer.write(record.keep_client, attempt, found.issuer, written, self._clock())
        await note("registered", client=client.client_id)
        return client

    async def _claim(self, attempt: record.Attempt, issuer: str) -> dict[str, Any]:
        """The registration that is kept, by whomever; nothing where we are to register."""
        uri, anew = attempt.redirect_uri, attempt.anew
        for _ in range(WAITS):
            kept = await self._writer.write(record.claim_client, issuer, uri, anew, self._clock())
            if kept is not None:
                return kept
            await asyncio.sleep(PATIENCE)
        raise SignInError(Failure.UNANSWERED, issuer)

    async def _as_machine(
        self, attempt: record.Attempt, target: Target, found: Found, client: OAuthClientInformationFull
    ) -> None:
        await self._writer.write(record.enter, attempt, TOKEN)
        form = {"grant_type": "client_credentials", **({"scope": found.scope} if found.scope else {})}
        asked = tokens.request(found.server, client, found.resource, form)
        given = tokens.read(await self._http.ask(asked, target.hosts))
        await self._keep(attempt, found, client, given, machine=True)

    # -- from the consent -------------------------------------------------------------------------------

    async def _exchange(
        self, attempt: record.Attempt, config: ServiceConfig, given: Mapping[str, Any]
    ) -> bool:
        kept, server = attempt.pending, metadata_of(attempt.pending.get("server"))
        if server is None:
            raise SignInError(Failure.TOO_LATE)
        try:
            validate_authorization_response_iss(given.get("iss") or None, server)
        except OAuthFlowError:
            named = given.get("iss") or "no iss"
            raise SignInError(Failure.WRONG_ISSUER, f"{named} ≠ {server.issuer}") from None
        _refuse_error(given)
        prior, _ = await self._writer.do(record.prior, attempt.service)
        target = _target(config, prior)
        client = OAuthClientInformationFull.model_validate(kept["client"])
        found = Found(server=server, resource=kept["resource"], scope=kept["scope"])
        form = {
            "grant_type": "authorization_code",
            "code": str(given["code"]),
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": kept["verifier"],
        }
        await self._noting(attempt, TOKEN)("consented", issuer=found.issuer)
        try:
            asked = tokens.request(server, client, found.resource, form)
            answer = tokens.read(await self._http.ask(asked, target.hosts))
        except SignInError as exc:
            if exc.failure is Failure.CLIENT_UNKNOWN:
                await self._writer.write(record.drop_client, found.issuer, attempt.redirect_uri)
            raise
        await self._keep(attempt, found, client, answer)
        return True

    async def _keep(
        self,
        attempt: record.Attempt,
        found: Found,
        client: OAuthClientInformationFull,
        given: OAuthToken,
        *,
        machine: bool = False,
    ) -> None:
        now, ends = self._clock(), given.expires_in
        renewable = machine or given.refresh_token
        granted = record.Granted(
            issuer=found.issuer,
            resource=found.resource,
            server=found.server.model_dump(mode="json", exclude_none=True),
            client=client.model_dump(mode="json", exclude_none=True),
            tokens=given.model_dump(mode="json", exclude_none=True),
            scope=given.scope or found.scope,
            expires_at=None if ends is None else now + timedelta(seconds=ends),
            renew_at=renewal.renew_at(now, ends, self._chance()) if renewable else None,
        )
        await self._writer.write(record.signed_in, attempt, granted, now)

    # -- the end ----------------------------------------------------------------------------------------

    async def sign_out(self, service: int) -> None:
        """Forget the tokens, and ask the server that gave them to end them, if it takes that."""
        try:
            grant = (await self._writer.do(record.grants, [service])).get(service)
        except SecretsError:  # what cannot be read any more is forgotten all the same
            grant = None
        await self._writer.write(record.forget, service, self._clock())
        server = metadata_of(grant.server) if grant else None
        if grant is None or server is None:
            return
        client = OAuthClientInformationFull.model_validate(grant.client)
        hosts = {addresses.host_of(grant.resource), addresses.host_of(grant.issuer_named)}
        for kind, token in (("refresh_token", grant.refresh), ("access_token", grant.access)):
            asked = token and tokens.revocation(server, client, grant.resource, token, kind)
            if asked:
                with suppress(SignInError):
                    await self._http.ask(asked, hosts)

    async def aclose(self) -> None:
        await self._http.aclose()


def _place(exc: Exception) -> str:
    """Where it was raised."""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def _target(config: ServiceConfig, prior: record.Prior | None) -> Target:
    return Target(
        url=addresses.bare(config.url),
        headers=config.headers,
        sse=config.transport == "sse",
        issuer=prior.issuer if prior else "",
    )


def _refuse_error(given: Mapping[str, Any]) -> None:
    """The person said no, or the server did."""
    error = str(given.get("error") or "")
    why = str(given.get("error_description") or "")
    said = " ".join(f"{error}: {why}".split()) if why else error
    if error == "access_denied":
        raise SignInError(Failure.CONSENT_REFUSED, said)
    if error or not given.get("code"):
        raise SignInError(Failure.AUTHORIZATION, said or "no code")
