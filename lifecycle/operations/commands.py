"""What an operator can ask of a service: one Command row each, which the worker takes up within a second."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from lifecycle.core.machine import manual
from lifecycle.core.machine.states import State
from lifecycle.live.feed import feed
from lifecycle.live.feed.wake_up import Waker
from lifecycle.models import Command, FeedItem
from lifecycle.monitoring.calls import record as call_record
from lifecycle.services.counts import state_of
from registry.access import audit
from registry.contracts import approve as contract_approve
from registry.errors import NotPossibleError as NotPossibleError
from registry.models import Desired, Service
from registry.secrets import vault
from registry.services import register, store_rows

Kind = Command.Kind
FINISHED = frozenset({Command.State.DONE, Command.State.FAILED, Command.State.CANCELLED})
WISHES = {
    Kind.START: Desired.RUNNING,
    Kind.RESTART: Desired.RUNNING,
    Kind.RECONNECT: Desired.RUNNING,
    Kind.STOP: Desired.STOPPED,
}
NEEDS_RUNNING = frozenset({Kind.CHECK, Kind.REFRESH_TOOLS, Kind.CALL_TOOL})
AT_REST = frozenset({State.DISCONNECTING, State.DISCONNECTED})
STOPPED = "%s is stopped; start it first"


class ToolWaitingError(NotPossibleError):
    """The tool is new, or changed, since the contract was pinned; somebody has to approve it first."""

    code = "tool_waiting"


def request(
    kind: str,
    name: str,
    *,
    by: str,
    now: datetime,
    force: bool = False,
    arguments: Mapping[str, Any] | None = None,
    origin: str = "",
) -> Command:
    """Ask for *kind*; start, stop, restart and reconnect also say what is desired, in the same transaction.

    A tool call's *arguments* are `{"tool": NAME, "arguments": {...}}`, those of set-state `{"state": STATE}`.
    *origin* says where it was asked: page, rest, python or terminal.
    """
    what = _kind(kind)
    about: dict[str, Any] = {"by": by, "now": now, "origin": Command.Origin(origin) if origin else ""}
    try:
        return _ask(what, name, force, arguments, **about)
    except NotPossibleError as exc:
        if what is Kind.CALL_TOOL and arguments and isinstance(arguments.get("tool"), str):
            call_record.refuse(register.get(name), arguments, str(exc), **about)
        raise


def _ask(
    kind: Command.Kind,
    name: str,
    force: bool,
    arguments: Mapping[str, Any] | None,
    *,
    by: str,
    now: datetime,
    origin: str,
) -> Command:
    with transaction.atomic():
        service = register.get(name)
        _refuse_impossible(kind, service, arguments)
        desired, turned = _wish(kind, arguments), {}
        if desired is not None and service.desired != desired:
            turned = store_rows.turned(service.desired, desired)
            register.set_desired(service.pk, desired, by=by, now=now)
        about = {"force": force and kind is Kind.STOP, "origin": origin}
        command = _queue(kind, service, by=by, now=now, arguments=arguments, **about)
        audit.note(by, kind.label.lower(), name, _told(command, arguments), now=now, **turned)
        return command


def _told(command: Command, arguments: Mapping[str, Any] | None) -> str:
    """What the audit log says beside the service's name; never a tool's arguments."""
    tool = f", {arguments['tool'][:200]}" if arguments and "tool" in arguments else ""
    tool = f", to {arguments['state']}" if arguments and command.kind == Kind.SET_STATE else tool
    return f"command {command.pk}{tool}{', by force' if command.force else ''}"


def _wish(kind: Command.Kind, arguments: Mapping[str, Any] | None) -> Desired | None:
    """What is desired from now on, where the command says so."""
    if kind is not Kind.SET_STATE or arguments is None:
        return WISHES.get(kind)
    return Desired.STOPPED if State(arguments["state"]) in AT_REST else Desired.RUNNING


def _refuse_state(service: Service, arguments: Mapping[str, Any] | None) -> None:
    """Only along the table, from the state that the service is in now; the text says what is possible."""
    given, now_in = str((arguments or {}).get("state", ""))[:40], state_of(service)
    if given not in State.__members__:
        raise NotPossibleError(f"there is no state {given!r}; possible: {', '.join(manual.possible(now_in))}")
    try:
        manual.event_to(now_in, State(given))
    except manual.NotPossibleByHandError as exc:
        raise NotPossibleError(f"{service.name}: {exc}") from None


def _kind(kind: str) -> Command.Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise NotPossibleError(f"there is no command {kind!r}; there are {', '.join(Kind.values)}") from None


def _refuse_impossible(kind: Command.Kind, service: Service, arguments: Mapping[str, Any] | None) -> None:
    if kind in NEEDS_RUNNING and service.desired == Desired.STOPPED:
        raise NotPossibleError(STOPPED % service.name)
    if kind is Kind.SET_STATE:
        _refuse_state(service, arguments)
    if kind is Kind.CALL_TOOL and not (arguments and isinstance(arguments.get("tool"), str)):
        raise NotPossibleError("a tool call needs the name of the tool")
    if (
        kind is Kind.CALL_TOOL
        and arguments
        and (why := contract_approve.why_waiting(service, arguments["tool"]))
    ):
        raise ToolWaitingError(why)


def _queue(
    kind: Command.Kind,
    service: Service,
    *,
    by: str,
    now: datetime,
    arguments: Mapping[str, Any] | None,
    **about: Any,
) -> Command:
    command = Command.objects.create(
        service=service,
        kind=kind,
        arguments=vault.seal(json.dumps(arguments)) if arguments else "",
        requested_by=by,
        created_at=now,
        **about,
    )
    feed.note(FeedItem.Kind.COMMAND, command.pk, now)
    return command


def arguments_of(command: Command) -> dict[str, Any]:
    """What the command was given; empty for most kinds."""
    given: dict[str, Any] = json.loads(vault.unseal(command.arguments)) if command.arguments else {}
    return given


def outcome_of(command: Command) -> dict[str, Any] | None:
    """What came of it; None while it is open, and for one that failed before it did anything.

    A tool call's is `{"ok", "content", "structured", "duration_ms", "error"}`.
    """
    return json.loads(vault.unseal(command.outcome)) if command.outcome else None


def sealed_outcome(outcome: Mapping[str, Any]) -> str:
    """The text that `outcome_of` reads."""
    return vault.seal(json.dumps(outcome))


def _look(command_id: int) -> Command:
    """The row as it is now. Nobody who waits keeps a connection: a pool of twelve would be used up soon."""
    try:
        return Command.objects.get(pk=command_id)
    finally:
        if not connection.in_atomic_block:
            connection.close()


async def wait(command_id: int, timeout: float) -> Command:
    """The command once it is finished, or as it is after *timeout* seconds."""
    waker, until = Waker(), time.monotonic() + timeout
    try:
        while True:
            command = await sync_to_async(_look)(command_id)
            left = until - time.monotonic()
            if command.state in FINISHED or left <= 0:
                return command
            await waker.wait(min(left, 1.0))
    finally:
        waker.close()


def wait_sync(command_id: int, timeout: float) -> Command:
    """As `wait`, for code without an event loop."""
    waker, until = Waker(), time.monotonic() + timeout
    try:
        while True:
            command = Command.objects.get(pk=command_id)
            left = until - time.monotonic()
            if command.state in FINISHED or left <= 0:
                return command
            waker.pause(min(left, 1.0))
    finally:
        waker.close()
