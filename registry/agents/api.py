"""REST for agents: each with its services, its mcp.json and the token of its address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status

from registry.access.callers import ADMIN, OPERATOR_OF_ALL, VIEWER, caller
from registry.agents import operations, tokens
from registry.agents.operations import GLOBAL_AGENT
from registry.mcpjson import passphrase, secret_bundle
from registry.models import Agent
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError

router = Router()
AgentName = Annotated[str, Path(description="The agent's name")]
FIELDS = {
    "services": {"type": "array", "items": {"type": "string"}},
    "description": {"type": "string"},
}


class AgentShort(Schema):
    name: str
    description: str
    builtin: bool
    services_count: int
    token_hint: str | None
    token_issued_at: datetime | None
    token_used_at: datetime | None


class AgentFull(AgentShort):
    services: list[str]


class AgentList(Schema):
    count: int
    results: list[AgentShort]


class NewToken(Schema):
    token: str
    url: str


def short(agent: Agent, services_count: int) -> dict[str, Any]:
    times = {key: getattr(agent, key) for key in ("token_issued_at", "token_used_at")}
    return {
        "name": agent.name,
        "description": agent.description,
        "builtin": operations.is_builtin(agent),
        "services_count": services_count,
        "token_hint": agent.token_hint if agent.token_digest else None,
    } | times


def full(agent: Agent) -> dict[str, Any]:
    names = list(operations.services_of(agent).order_by("name").values_list("name", flat=True))
    return short(agent, len(names)) | {"services": names}


@router.get("mcp.json", auth=VIEWER, summary="Get the mcp.json")
def document(request: HttpRequest, agent: Annotated[str, Query()] = GLOBAL_AGENT) -> dict[str, Any]:
    """The whole, or what one agent has of it. Secret values stand in it as `${secret:NAME}`."""
    return operations.document(operations.get(agent or GLOBAL_AGENT))


@router.post(
    "mcp.json/export",
    auth=ADMIN,
    openapi_extra=described(
        passphrase={"type": "string", "minLength": passphrase.SHORTEST},
        agent={"type": "string", "description": "without it the whole document"},
    ),
    summary="Export with secret values",
)
def document_with_secrets(request: HttpRequest) -> HttpResponse:
    """The document with its secret values beside it, locked with the passphrase. Audited, never cached."""
    body = json_object(request)
    if unknown := sorted(set(body) - {"passphrase", "agent"}):
        raise ProblemError(422, "Only passphrase, agent are known here.", where=f"body.{unknown[0][:80]}")
    given = {key: body.get(key, "") for key in ("passphrase", "agent")}
    for key, value in given.items():
        if not isinstance(value, str):
            raise ProblemError(422, "This must be a text.", where=f"body.{key}")
    content = secret_bundle.export(
        given["passphrase"],
        agent=given["agent"] or GLOBAL_AGENT,
        by=caller(request).name,
        now=timezone.now(),
    )
    return JsonResponse(content, headers={"Cache-Control": "no-store"})


@router.get("agents", auth=VIEWER, response=AgentList, summary="List agents")
def agent_list(request: HttpRequest) -> dict[str, Any]:
    """The built-in one first, then by name."""
    counts = operations.counts()
    rows = [short(agent, counts.get(agent.name, 0)) for agent in operations.everyone()]
    return {"count": len(rows), "results": rows}


@router.get("agents/{name}", auth=VIEWER, response=AgentFull, summary="Get an agent")
def agent_one(request: HttpRequest, name: AgentName) -> dict[str, Any]:
    return full(operations.get(name))


def _given(request: HttpRequest, *known: str) -> dict[str, Any]:
    body = json_object(request)
    if unknown := sorted(set(body) - set(known)):
        raise ProblemError(422, f"Only {', '.join(known)} are known here.", where=f"body.{unknown[0][:80]}")
    for key in ("name", "description"):
        if not isinstance(body.get(key, ""), str) or "\0" in body.get(key, ""):
            raise ProblemError(422, "This must be a text.", where=f"body.{key}")
    services = body.get("services", [])
    if not isinstance(services, list) or not all(isinstance(name, str) for name in services):
        raise ProblemError(422, "This must be a list of names.", where="body.services")
    return body


@router.post(
    "agents",
    auth=OPERATOR_OF_ALL,
    response={201: AgentFull},
    openapi_extra=described(name={"type": "string"}, **FIELDS),
    summary="Add an agent",
)
def agent_add(request: HttpRequest) -> Status[dict[str, Any]]:
    """A named consumer of some services."""
    body = _given(request, "name", *FIELDS)
    agent = operations.add(
        body.get("name", ""),
        body.get("services", []),
        by=caller(request).name,
        now=timezone.now(),
        description=body.get("description", ""),
    )
    return Status(201, full(agent))


@router.patch(
    "agents/{name}",
    auth=OPERATOR_OF_ALL,
    response=AgentFull,
    openapi_extra=described(**FIELDS),
    summary="Change an agent",
)
def agent_change(request: HttpRequest, name: AgentName) -> dict[str, Any]:
    """Only what is given changes; `services` replaces the whole choice."""
    body = _given(request, *FIELDS)
    return full(operations.change(name, by=caller(request).name, now=timezone.now(), **body))


@router.delete("agents/{name}", auth=OPERATOR_OF_ALL, response={204: None}, summary="Remove an agent")
def agent_remove(request: HttpRequest, name: AgentName) -> Status[None]:
    """Its services stay; its token ends."""
    operations.remove(name, by=caller(request).name, now=timezone.now())
    return Status(204, None)


@router.post(
    "agents/{name}/token", auth=OPERATOR_OF_ALL, response=NewToken, summary="Make a token for an agent"
)
def agent_token(request: HttpRequest, name: AgentName) -> dict[str, str]:
    """Shown this once. The token before it ends."""
    token = tokens.issue(name, by=caller(request).name, now=timezone.now())
    return {"token": token, "url": tokens.address(name, token)}


@router.delete(
    "agents/{name}/token", auth=OPERATOR_OF_ALL, response={204: None}, summary="Revoke an agent's token"
)
def agent_token_revoke(request: HttpRequest, name: AgentName) -> Status[None]:
    """The address with the token answers no more."""
    tokens.revoke(name, by=caller(request).name, now=timezone.now())
    return Status(204, None)
