"""REST for signing in to a service; the consent itself is given in a browser by whoever began."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from lifecycle.models import Command
from lifecycle.signin import operations, presenter, queries
from registry.access.callers import OPERATOR, VIEWER, caller
from registry.models import Service
from registry.services import register
from registry.services.api import Name

router = Router()
REST = Command.Origin.REST


class SignInAnswer(Schema):
    signed_in: bool
    issuer: str
    scope: str = Field(description="what was granted")
    wanted: str = Field(description="scopes that a refusal asked for besides")
    expires_at: datetime | None
    signed_in_by: str
    signed_in_at: datetime | None
    problem: str = Field(description="why a new sign-in is needed, as `error_cause` of the service")
    client_id: str = Field(description="of a client registered by hand")
    step: str = Field(
        description="of the latest attempt: asked, discovery, registration, consent, token, done"
    )
    failure: str = Field(description="why it came to nothing")
    said: str = Field(description="the words of the server that refused")
    steps: list[str] = Field(description="what happened so far, in words")
    consent_url: str = Field(description="to be opened in the browser of whoever began; nobody else sees it")


class Asked(Schema):
    command_id: int


@router.get("services/{name}/signin", auth=VIEWER, response=SignInAnswer, summary="How a sign-in stands")
def signin(request: HttpRequest, name: Name) -> dict[str, object]:
    return standing(register.get(name), caller(request).name)


def standing(service: Service, who: str) -> dict[str, object]:
    """How it stands with signing in, for *who*."""
    row, flow = queries.grant_of(service), queries.flow_of(service)
    mine = flow is not None and flow.started_by == who
    card = presenter.card_of(service, who, timezone.now())
    return {
        "signed_in": bool(row and row.tokens),
        "issuer": row.issuer if row else "",
        "scope": row.scope if row else "",
        "wanted": row.wanted if row else "",
        "expires_at": row and row.expires_at,
        "signed_in_by": row.signed_in_by if row else "",
        "signed_in_at": row and row.signed_in_at,
        "problem": row.problem if row else "",
        "client_id": row.prior_id if row else "",
        "step": flow.step if flow else "",
        "failure": flow.failure if flow else "",
        "said": flow.said if flow else "",
        "steps": [line for step in card.steps for line in step.lines],
        "consent_url": queries.consent_url(flow) if flow and mine else "",
    }


@router.post(
    "services/{name}/signin", auth=OPERATOR, response={202: Asked}, summary="Begin to sign in to a service"
)
def signin_begin(
    request: HttpRequest,
    name: Name,
    anew: Annotated[bool, Query(description="register with the issuer again")] = False,
) -> Status[dict[str, int]]:
    """The steps follow at `GET services/{name}/signin`, which names the address for the consent."""
    command = operations.begin(name, by=caller(request).name, now=timezone.now(), origin=REST, anew=anew)
    return Status(202, {"command_id": command.pk})


@router.delete(
    "services/{name}/signin", auth=OPERATOR, response={202: Asked}, summary="Sign out of a service"
)
def signin_end(request: HttpRequest, name: Name) -> Status[dict[str, int]]:
    """The tokens are forgotten, and revoked where the server takes that."""
    command = operations.sign_out(name, by=caller(request).name, now=timezone.now(), origin=REST)
    return Status(202, {"command_id": command.pk})
