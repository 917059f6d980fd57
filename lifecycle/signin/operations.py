"""What a person does about signing in to a service: rows and commands, which the worker takes up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from lifecycle.core.signin import about_us, addresses
from lifecycle.models import Command, ServiceSignIn, SignInFlow
from lifecycle.operations import commands
from registry.access import audit
from registry.errors import NotPossibleError
from registry.models import Service, Transport
from registry.secrets import vault
from registry.services import register

CONSENT_WITHIN = timedelta(hours=1)
LONGEST_PARAMETER = 4000
GIVEN = ("code", "iss", "error", "error_description")
NO_ADDRESS = (
    "People cannot be sent back to %s. Set MCPSTORE_PUBLIC_URL to the https address of this console, "
    "such as https://mcp.example.org, and restart it."
)


class SignInUnknownError(NotPossibleError):
    """What came back from an authorization server belongs to no attempt of this person."""

    code = "sign_in_unknown"


def begin(name: str, *, by: str, now: datetime, origin: str, anew: bool = False) -> Command:
    """Ask the worker to find out how to sign in; *anew* also registers with the issuer again."""
    with transaction.atomic():
        service = _signable(name)
        if not addresses.receives(settings.PUBLIC_URL) and not _is_machine(service):
            raise NotPossibleError(NO_ADDRESS % settings.PUBLIC_URL)
        SignInFlow.objects.update_or_create(
            service=service,
            defaults={
                "started_by": by,
                "started_at": now,
                "redirect_uri": about_us.callback_url(settings.PUBLIC_URL),
                "anew": anew,
                "step": "asked",
                "lines": [],
                "state_digest": "",
                "pending": "",
                "failure": "",
                "said": "",
                "ended_at": None,
            },
        )
        return commands.request(Command.Kind.SIGN_IN, name, by=by, now=now, origin=origin)


def _signable(name: str) -> Service:
    service = register.get(name)
    if service.transport == Transport.STDIO:
        raise NotPossibleError(f"{name} is a program: there is no server to sign in to")
    return service


def _is_machine(service: Service) -> bool:
    return ServiceSignIn.objects.filter(service=service, grant=ServiceSignIn.Grant.CLIENT).exists()


def receive(given: Mapping[str, str], *, by: str, now: datetime) -> str:
    """Take what an authorization server sent along with a person; returns the service's name.

    The state must be that of an attempt which this very person began, and counts once.
    """
    digest = hashlib.sha256(given.get("state", "").encode()).hexdigest()
    with transaction.atomic():
        waiting = SignInFlow.objects.select_for_update().filter(state_digest=digest, ended_at=None)
        row = waiting.filter(started_by=by, started_at__gt=now - CONSENT_WITHIN).first()
        if row is None:
            raise SignInUnknownError(
                "this sign-in is not known, was replaced, or was started by someone else"
            )
        SignInFlow.objects.filter(pk=row.pk).update(step="token", state_digest="")
        name = row.service.name
        kept = {key: given[key][:LONGEST_PARAMETER] for key in GIVEN if key in given}
        commands.request(
            Command.Kind.FINISH_SIGN_IN, name, by=by, now=now, arguments=kept, origin=Command.Origin.PAGE
        )
        return name


def sign_out(name: str, *, by: str, now: datetime, origin: str) -> Command:
    """Ask the worker to forget the tokens, and to end them where the server takes that."""
    _signable(name)
    return commands.request(Command.Kind.SIGN_OUT, name, by=by, now=now, origin=origin)


def set_client(
    name: str,
    *,
    client_id: str,
    secret: str,
    issuer: str,
    scope: str,
    machine: bool,
    by: str,
    now: datetime,
) -> None:
    """Keep the client that an admin registered by hand; an empty id forgets it, an empty secret keeps it."""
    with transaction.atomic():
        service = _signable(name)
        row, _ = ServiceSignIn.objects.select_for_update().get_or_create(service=service)
        before = json.loads(vault.unseal(row.prior)) if row.prior else {}
        same = before.get("client_id") == client_id and before.get("issuer") == issuer
        typed = {
            "client_id": client_id,
            "secret": secret or (before.get("secret", "") if same else ""),
            "issuer": issuer,
            "scope": scope,
        }
        if machine and not typed["secret"]:
            raise NotPossibleError("Client credentials need the client's secret.")
        if typed["secret"] and not issuer:
            raise NotPossibleError("Name the issuer: the secret is sent to that server alone.")
        ServiceSignIn.objects.filter(pk=row.pk).update(
            prior=vault.seal(json.dumps(typed)) if client_id else "",
            prior_id=client_id,
            grant=ServiceSignIn.Grant.CLIENT if machine and client_id else ServiceSignIn.Grant.CODE,
        )
        told = {"client": client_id, "issuer": issuer, "scope": scope, "machine": machine}
        audit.note(by, "set sign-in client", name, now=now, before={"client": row.prior_id}, after=told)
