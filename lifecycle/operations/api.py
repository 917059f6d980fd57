"""REST for what an operator asks for: commands and tool calls. Waiting holds no thread."""

from __future__ import annotations

import re
from typing import Annotated, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Status

from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.timing.durations import span
from lifecycle.models import Command
from lifecycle.operations import commands, ordering, schemas
from lifecycle.policies import operations as policy_operations
from lifecycle.services import queries as service_queries
from registry.access.callers import OPERATOR, OPERATOR_ASYNC, Caller, caller
from registry.models import Service
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError
from registry.services import register
from registry.services.api import Name

router = Router()
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context."""

LONGEST_WAIT = 60.0
CALL_MARGIN = 5.0
LONGEST_CALL = 600.0
COMPANY = {"start": "stopped_dependencies", "stop": "running_dependents"}
ACTIONS = ("start", "stop", "restart", "check", "reconnect", "refresh-tools")

Wait = Annotated[
    float, Query(ge=0, allow_inf_nan=False, description="seconds to wait for the outcome, up to 60")
]
Force = Annotated[bool, Query(description="stop only: end the process tree at once")]


def _result(command: Command) -> dict[str, Any]:
    return {
        "state": command.state,
        "outcome": commands.outcome_of(command),
        "error": command.error,
    }


@router.post(
    "services/{name}/state",
    auth=OPERATOR_ASYNC,
    response={202: schemas.Asked},
    exclude_unset=True,
    openapi_extra=described(state={"type": "string", "enum": [state.value for state in State]}),
    summary="Set a service's state by hand",
)
async def service_state(request: HttpRequest, name: Name, wait: Wait = 0) -> Status[dict[str, Any]]:
    """Only along the table of moves; a refusal says which are possible. What is then found corrects it."""
    body = json_object(request)
    if unknown := sorted(set(body) - {"state"}):
        raise ProblemError(422, "Only `state` is known here.", where=f"body.{unknown[0][:80]}")
    if not isinstance(body.get("state"), str):
        raise ProblemError(422, "The state must be a text.", where="body.state")
    command = await sync_to_async(commands.request)(
        Command.Kind.SET_STATE,
        name,
        by=caller(request).name,
        now=timezone.now(),
        arguments={"state": body["state"].upper()},
        origin=Command.Origin.REST,
    )
    return await _answered({"command_id": command.pk}, wait)


async def _answered(asked: dict[str, Any], wait: float) -> Status[dict[str, Any]]:
    """What was asked, with its outcome if that is waited for."""
    if not wait:
        return Status(202, asked)
    finished = await commands.wait(asked["command_id"], min(wait, LONGEST_WAIT))
    return Status(202, asked | _result(finished))


@router.post(
    "services/{name}/{action}",
    auth=OPERATOR_ASYNC,
    response={202: schemas.Asked},
    exclude_unset=True,
    summary="Send a command to a service",
)
async def service_action(
    request: HttpRequest, name: Name, action: str, wait: Wait = 0, force: Force = False
) -> Status[dict[str, Any]]:
    """start, stop, restart, check, reconnect or refresh-tools; `wait` adds the outcome to the answer.

    A start or stop names the services that it should not be without; `services/bulk` takes them all in order.
    """
    if action not in ACTIONS:
        raise ProblemError(404, f"There is no command {action[:40]!r}; there are {', '.join(ACTIONS)}.")
    command = await sync_to_async(commands.request)(
        action,
        name,
        by=caller(request).name,
        now=timezone.now(),
        force=force,
        origin=Command.Origin.REST,
    )
    asked: dict[str, Any] = {"command_id": command.pk}
    if action in COMPANY and (others := await sync_to_async(ordering.company)(name, action)):
        asked[COMPANY[action]] = others
    return await _answered(asked, wait)


Id = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get(
    "commands/{int:command_id}", auth=OPERATOR, response=schemas.CommandAnswer, summary="Get a command"
)
def command_one(request: HttpRequest, command_id: Id) -> dict[str, Any]:
    command = Command.objects.select_related("service").filter(pk=command_id).first()
    if command is None:
        raise ProblemError(404, f"There is no command {command_id}.", code="command_not_found")
    times = {key: getattr(command, key) for key in ("created_at", "taken_at", "finished_at")}
    known = {"id": command.pk, "service": command.service.name, "kind": command.kind}
    return known | {"requested_by": command.requested_by} | _result(command) | times


def _given(request: HttpRequest) -> dict[str, Any]:
    body = json_object(request)
    arguments = body.get("arguments", {})
    if unknown := sorted(set(body) - {"arguments"}):
        raise ProblemError(422, "Only `arguments` is known here.", where=f"body.{unknown[0][:80]}")
    if not isinstance(arguments, dict):
        raise ProblemError(422, "The arguments must be a JSON object.", where="body.arguments")
    return arguments


def _ask(
    name: str, tool: str, arguments: dict[str, Any], who: Caller, traceparent: str
) -> tuple[Command, float]:
    """The command, and how long the call may take."""
    service = register.get(name)
    if "\0" in tool or not (
        service.tools.filter(name=tool).exists() or service.waiting_tools.filter(name=tool).exists()
    ):
        _refuse(service, tool)
    asked = {"tool": tool, "arguments": arguments}
    if TRACEPARENT.fullmatch(traceparent):
        asked["traceparent"] = traceparent
    kind, origin = Command.Kind.CALL_TOOL, Command.Origin.REST
    command = commands.request(kind, name, by=who.name, now=timezone.now(), arguments=asked, origin=origin)
    return command, min(
        service.timeout or policy_operations.effective(service).call_timeout.total_seconds(), LONGEST_CALL
    )


def _refuse(service: Service, tool: str) -> None:
    state = service_queries.state_of(service)
    if state not in SERVING and not service.tools.exists():
        raise ProblemError(409, f"{service.name} is {state.value}; its tools are not known yet.")
    raise ProblemError(404, f"{service.name} has no tool {tool[:80]!r}.", code="tool_not_found")


@router.post(
    "services/{name}/tools/{path:tool}/call",
    auth=OPERATOR_ASYNC,
    response=schemas.CallAnswer,
    exclude_none=True,
    openapi_extra=described(arguments={"type": "object"}),
    summary="Call a tool",
)
async def tool_call(request: HttpRequest, name: Name, tool: str) -> dict[str, Any]:
    """Waits for the tool; a tool that answers with an error gives `ok: false`. `traceparent` is passed on."""
    arguments, parent = _given(request), request.headers.get("traceparent", "")
    command, limit = await sync_to_async(_ask)(name, tool, arguments, caller(request), parent)
    finished = await commands.wait(command.pk, limit + CALL_MARGIN)
    if finished.state not in commands.FINISHED:
        raise ProblemError(
            504, f"No answer within {span(limit)}; see commands/{command.pk} for what becomes of it."
        )
    outcome = commands.outcome_of(finished) or {"ok": False, "content": [], "duration_ms": 0}
    return outcome | {"error": outcome.get("error") or finished.error or None}
