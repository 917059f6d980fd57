"""Signing in to a service as a person does, with a real worker and no browser but one that says yes."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from django.utils import timezone

from lifecycle.models import ServiceSignIn, SignInFlow
from lifecycle.signin import operations, queries
from tests.doubles.authorization.person import agrees
from tests.support.bench import Bench

WHO = "ann"


def flow_of(name: str) -> SignInFlow:
    return SignInFlow.objects.get(service__name=name)


def grant_of(name: str) -> ServiceSignIn:
    return ServiceSignIn.objects.get(service__name=name)


def begin(bench: Bench, name: str, *, anew: bool = False, limit: float = 25) -> SignInFlow:
    """Press the button, and wait until a person is needed or it is over."""
    operations.begin(name, by=WHO, now=timezone.now(), origin="page", anew=anew)
    bench.until(lambda: flow_of(name).step == "consent" or flow_of(name).ended_at, limit)
    return flow_of(name)


def come_back(name: str, location: str) -> None:
    """The browser arrives at the callback."""
    given = dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))
    operations.receive(given, by=WHO, now=timezone.now())


def sign_in(bench: Bench, name: str, *, anew: bool = False, limit: float = 25) -> SignInFlow:
    """All of it; the attempt as it ended."""
    flow = begin(bench, name, anew=anew, limit=limit)
    if flow.ended_at is None:
        come_back(name, agrees(queries.consent_url(flow)))
        bench.until(lambda: flow_of(name).ended_at, limit)
    return flow_of(name)
