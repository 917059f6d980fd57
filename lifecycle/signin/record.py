"""What the worker writes of sign-ins: the steps of an attempt, the tokens that came of it, their renewal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from lifecycle.core.answers.causes import Cause
from lifecycle.core.signin.failures import Failure
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceSignIn, SignInClient, SignInFlow
from registry.access import audit
from registry.models import Service
from registry.secrets import masking, vault

RENEWAL_LIMIT = timedelta(seconds=20)
REGISTRATION_LIMIT = timedelta(seconds=30)
SAID_AT_MOST = 500
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What may be presented to a service, unsealed: for the worker alone, in memory alone.

    `issuer_named` is the authorization server that an admin named, if one did.
    """

    service: int
    version: int
    machine: bool
    issuer: str
    resource: str
    server: Json
    client: Json
    tokens: Json
    scope: str
    expires_at: datetime | None
    renew_at: datetime | None
    cut: bool
    problem: str
    issuer_named: str = ""

    @property
    def access(self) -> str:
        return str(self.tokens.get("access_token", ""))

    @property
    def refresh(self) -> str:
        return str(self.tokens.get("refresh_token") or "")

    @property
    def secrets(self) -> list[str]:
        """What must be shown nowhere."""
        kept = (self.access, self.refresh, str(self.client.get("client_secret") or ""))
        return [value for value in kept if value]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt, as its row says; `since` tells it from a later one."""

    service: int
    since: datetime
    by: str
    redirect_uri: str
    anew: bool
    pending: Json
    ended: bool


@dataclass(frozen=True, kw_only=True)
class Prior:
    """The client that an admin typed; `machine` is for the grant that needs no person."""

    client_id: str
    secret: str
    issuer: str
    scope: str
    machine: bool


def _opened(sealed: str) -> Json:
    found: Json = json.loads(vault.unseal(sealed)) if sealed else {}
    return found


def _sealed(value: Json) -> str:
    return vault.seal(json.dumps(value))


def holders(service_ids: Sequence[int]) -> set[int]:
    """Those of the services that have tokens."""
    rows = ServiceSignIn.objects.filter(service_id__in=service_ids).exclude(tokens="")
    return set(rows.values_list("pk", flat=True))


def grants(service_ids: Sequence[int]) -> dict[int, Grant]:
    """The grants of those services that have tokens."""
    rows = ServiceSignIn.objects.filter(service_id__in=service_ids).exclude(tokens="")
    return {row.pk: _grant(row) for row in rows}


def _grant(row: ServiceSignIn) -> Grant:
    grant = Grant(
        service=row.pk,
        version=row.version,
        machine=row.grant == ServiceSignIn.Grant.CLIENT,
        issuer=row.issuer,
        resource=row.resource,
        server=row.server,
        client=_opened(row.client),
        tokens=_opened(row.tokens),
        scope=row.scope,
        expires_at=row.expires_at,
        renew_at=row.renew_at,
        cut=row.cut,
        problem=row.problem,
        issuer_named=str(_opened(row.prior).get("issuer", "")),
    )
    masking.remember(grant.secrets)
    return grant


def attempt(service_id: int) -> Attempt | None:
    """The latest attempt to sign in to the service."""
    row = SignInFlow.objects.filter(pk=service_id).first()
    if row is None:
        return None
    return Attempt(
        service=row.pk,
        since=row.started_at,
        by=row.started_by,
        redirect_uri=row.redirect_uri,
        anew=row.anew,
        pending=_opened(row.pending),
        ended=row.ended_at is not None,
    )


def prior(service_id: int) -> tuple[Prior | None, str]:
    """The client that an admin typed, if one did, and the scopes to ask for beside the usual ones."""
    row = ServiceSignIn.objects.filter(pk=service_id).first()
    if row is None:
        return None, ""
    more = " ".join(dict.fromkeys([*row.scope.split(), *row.wanted.split()])) if row.wanted else ""
    if not row.prior:
        return None, more
    machine = row.grant == ServiceSignIn.Grant.CLIENT
    typed = Prior(**_opened(row.prior), machine=machine)
    masking.remember([typed.secret])
    return typed, more


# -- the attempt ------------------------------------------------------------------------------------------


def enter(attempt: Attempt, step: str) -> None:
    """The attempt has come to this step."""
    SignInFlow.objects.filter(pk=attempt.service, started_at=attempt.since).update(step=step)


def note(attempt: Attempt, step: str, word: str, details: Json) -> None:
    """One more line of the attempt."""
    with transaction.atomic():
        row = SignInFlow.objects.select_for_update().filter(pk=attempt.service, started_at=attempt.since)
        for found in row.values_list("lines", flat=True):
            row.update(step=step, lines=[*found, [step, word, details]])


def await_consent(attempt: Attempt, digest: str, pending: Json) -> None:
    """From now on the answer with this state belongs to the attempt."""
    row = SignInFlow.objects.filter(pk=attempt.service, started_at=attempt.since)
    row.update(step="consent", state_digest=digest, pending=_sealed(pending))


def fail(attempt: Attempt, failure: Failure, said: str, now: datetime) -> None:
    """The attempt came to nothing; what was in force before still is."""
    row = SignInFlow.objects.filter(pk=attempt.service, started_at=attempt.since)
    row.update(failure=failure, said=said[:SAID_AT_MOST], ended_at=now, pending="", state_digest="")
    feed.note(FeedItem.Kind.SERVICE, attempt.service, now)


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What a server gave, and when it is to be renewed."""

    issuer: str
    resource: str
    server: Json
    client: Json
    tokens: Json
    scope: str
    expires_at: datetime | None
    renew_at: datetime | None


def signed_in(attempt: Attempt, granted: Granted, now: datetime) -> None:
    """Keep the tokens, end the attempt, and say in the audit log who it was."""
    masking.remember([str(value) for value in granted.tokens.values()])
    with transaction.atomic():
        row, _ = ServiceSignIn.objects.select_for_update().get_or_create(pk=attempt.service)
        ServiceSignIn.objects.filter(pk=row.pk).update(
            version=row.version + 1,
            issuer=granted.issuer,
            resource=granted.resource,
            server=granted.server,
            client=_sealed(granted.client),
            wanted="",
            signed_in_by=attempt.by,
            signed_in_at=now,
            **_fresh(granted.tokens, granted.scope, granted.expires_at, granted.renew_at),
        )
        flow = SignInFlow.objects.filter(pk=attempt.service, started_at=attempt.since)
        flow.update(step="done", failure="", said="", ended_at=now, pending="", state_digest="")
        name = Service.objects.values_list("name", flat=True).get(pk=attempt.service)
        audit.note(attempt.by, "signed in", name, f"at {granted.issuer}", now=now)
        feed.note(FeedItem.Kind.SERVICE, attempt.service, now)


def _fresh(tokens: Json, scope: str, expires_at: datetime | None, renew_at: datetime | None) -> Json:
    """The columns of tokens that just came."""
    return {
        "tokens": _sealed(tokens),
        "scope": scope,
        "expires_at": expires_at,
        "renew_at": renew_at,
        "renews": bool(tokens.get("refresh_token")),
        "renewing_since": None,
        "cut": False,
        "problem": "",
        "said": "",
    }


# -- our registrations ------------------------------------------------------------------------------------


def claim_client(issuer: str, redirect_uri: str, anew: bool, now: datetime) -> Json | None:
    """Our registration with the issuer; `{}` where the caller is to register; None while another does."""
    row, made = SignInClient.objects.get_or_create(
        issuer=issuer, redirect_uri=redirect_uri, defaults={"claimed_at": now}
    )
    if made:
        return {}
    kept = _opened(row.client)
    ends = kept.get("client_secret_expires_at") or 0
    if kept and not anew and not 0 < ends <= now.timestamp():
        masking.remember([str(kept.get("client_secret") or "")])
        return kept
    if not kept and row.claimed_at > now - REGISTRATION_LIMIT:
        return None
    SignInClient.objects.filter(pk=row.pk).update(client="", claimed_at=now)
    return {}


def keep_client(attempt: Attempt, issuer: str, client: Json, now: datetime) -> None:
    """The registration that was made; the audit log says so."""
    masking.remember([str(client.get("client_secret") or "")])
    SignInClient.objects.filter(issuer=issuer, redirect_uri=attempt.redirect_uri).update(
        client=_sealed(client)
    )
    audit.note(attempt.by, "registered", issuer[:200], f"client {client.get('client_id', '')}"[:500], now=now)


def drop_client(issuer: str, redirect_uri: str) -> None:
    """No registration came of it, or the server knows it no more: the next attempt registers."""
    SignInClient.objects.filter(issuer=issuer, redirect_uri=redirect_uri).delete()


# -- renewal ----------------------------------------------------------------------------------------------


def begin_renewal(known: Grant, now: datetime) -> tuple[Grant | None, bool]:
    """The grant as it is now, and whether the caller is to renew it: nobody did or is about to.

    It is written down before the request goes out: if the worker ends before the answer is kept, whoever
    comes next knows that the refresh token may be used up.
    """
    with transaction.atomic():
        rows = ServiceSignIn.objects.select_for_update().filter(pk=known.service)
        row = rows.exclude(tokens="").first()
        if row is None:
            return None, False
        begun = row.renewing_since
        if row.version != known.version or (begun is not None and begun > now - RENEWAL_LIMIT):
            return _grant(row), False
        row.cut = row.cut or begun is not None
        rows.update(renewing_since=now, cut=row.cut)
        return _grant(row), True


def renewed(
    grant: Grant, tokens: Json, scope: str, expires_at: datetime | None, renew_at: datetime | None
) -> Grant | None:
    """Put the new tokens in the place of the old, if those are still in force."""
    fresh = {"version": grant.version + 1, **_fresh(tokens, scope, expires_at, renew_at)}
    rows = ServiceSignIn.objects.filter(pk=grant.service, version=grant.version)
    rows.update(**fresh)
    return grants([grant.service]).get(grant.service)


def not_renewed(grant: Grant, problem: str, said: str, *, cut: bool, now: datetime) -> None:
    """Why the tokens were not renewed; they stay, for they may still be good.

    A registration that the server knows no more is not kept for the next sign-in.
    """
    if problem == Cause.CLIENT_UNKNOWN:
        for row in SignInClient.objects.filter(issuer=grant.issuer).exclude(client=""):
            if _opened(row.client).get("client_id") == grant.client.get("client_id"):
                row.delete()
    rows = ServiceSignIn.objects.filter(pk=grant.service, version=grant.version)
    if rows.update(problem=problem, said=said[:SAID_AT_MOST], renewing_since=None, cut=cut):
        feed.note(FeedItem.Kind.SERVICE, grant.service, now)


def want(service_id: int, scope: str, now: datetime) -> None:
    """A request was refused for lack of these scopes; a person is asked for them."""
    with transaction.atomic():
        for row in ServiceSignIn.objects.select_for_update().filter(pk=service_id):
            wanted = " ".join(dict.fromkeys([*row.wanted.split(), *scope.split()]))[:2000]
            if wanted != row.wanted:
                ServiceSignIn.objects.filter(pk=service_id).update(wanted=wanted)
                feed.note(FeedItem.Kind.SERVICE, service_id, now)


def forget(service_id: int, now: datetime) -> None:
    """No tokens any more; the client that an admin typed stays."""
    ServiceSignIn.objects.filter(pk=service_id).update(
        tokens="",
        client="",
        scope="",
        wanted="",
        expires_at=None,
        renew_at=None,
        renewing_since=None,
        cut=False,
        problem="",
        said="",
        signed_in_by="",
        signed_in_at=None,
    )
    SignInFlow.objects.filter(pk=service_id).delete()
    feed.note(FeedItem.Kind.SERVICE, service_id, now)
