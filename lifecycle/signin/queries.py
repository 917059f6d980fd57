"""What is known of signing in to a service; nothing here unseals a token."""

from __future__ import annotations

import json
from datetime import datetime

from django.db.models import Q

from lifecycle.models import ServiceSignIn, SignInFlow
from registry.models import Service
from registry.secrets import vault


def grant_of(service: Service) -> ServiceSignIn | None:
    """What is in force, or was typed by an admin."""
    try:
        return service.sign_in
    except ServiceSignIn.DoesNotExist:
        return None


def ending(until: datetime) -> dict[int, datetime]:
    """By service when its sign-in ends, if that is before *until* and nothing renews it: a person has to."""
    lapsing = Q(renews=False) | Q(problem__gt="")
    rows = ServiceSignIn.objects.filter(
        lapsing, grant=ServiceSignIn.Grant.CODE, expires_at__lt=until, tokens__gt=""
    )
    return {key: ends for key, ends in rows.values_list("service", "expires_at") if ends}


def flow_of(service: Service) -> SignInFlow | None:
    """The latest attempt."""
    try:
        return service.sign_in_flow
    except SignInFlow.DoesNotExist:
        return None


def consent_url(flow: SignInFlow) -> str:
    """Where the person who began the attempt consents."""
    return str(json.loads(vault.unseal(flow.pending))["url"]) if flow.pending else ""


def typed_client(row: ServiceSignIn | None) -> dict[str, str]:
    """What an admin typed, without the secret."""
    found: dict[str, str] = json.loads(vault.unseal(row.prior)) if row and row.prior else {}
    return {key: value for key, value in found.items() if key != "secret"}
