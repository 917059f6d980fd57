"""What is done when an operator asks for something, and how the answer finds its way back."""

from __future__ import annotations

from lifecycle.core.machine import manual
from lifecycle.core.machine.states import CONNECTING, SERVING, TIMED, State
from lifecycle.engine.service.commands import signing, tool_calls
from lifecycle.engine.service.commands.waiting import report
from lifecycle.engine.service.managed import ManagedService
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands

Kind = Command.Kind


async def obey(service: ManagedService, command: Command) -> None:
    """Begin what *command* asks for; it is answered now or when that has ended."""
    match Kind(command.kind):
        case Kind.STOP:
            await _stop(service, command)
        case Kind.START:
            await _start(service, command)
        case Kind.RESTART:
            await _restart(service, command)
        case Kind.RECONNECT:
            await _reconnect(service, command)
        case Kind.CHECK:
            await _check(service, command)
        case Kind.REFRESH_TOOLS:
            await _with_connection(service, command, "refresh")
        case Kind.CALL_TOOL:
            await _call(service, command)
        case Kind.SET_STATE:
            await _set_state(service, command)
        case Kind.SIGN_IN | Kind.FINISH_SIGN_IN | Kind.SIGN_OUT:
            service.inbox.beside(command, signing.carry_out(service, command))


async def _stop(service: ManagedService, command: Command) -> None:
    state = service.snap.state
    if state is State.DISCONNECTED:
        await service.context.answer(command, outcome=report(service.held))
        return
    service.waiting.add("close", command)
    if state is not State.DISCONNECTING:
        await service.stop(f"stopped by {command.requested_by}", force=command.force)
    elif command.force:
        service.hurry()


async def _start(service: ManagedService, command: Command) -> None:
    """A service that is failing tries again at once."""
    state, reason = service.snap.state, f"started by {command.requested_by}"
    if state in SERVING:
        await service.context.answer(command, outcome=report(service.held))
        return
    service.waiting.add("connect", command)
    if state is State.DISCONNECTED:
        await service.start(reason)
    elif state in CONNECTING:
        await service.retry(reason)
    else:
        service.start_reason = reason


async def _restart(service: ManagedService, command: Command) -> None:
    reason = f"restarted by {command.requested_by}"
    if service.snap.state is State.DISCONNECTED:
        service.waiting.add("connect", command)
        await service.start(reason)
        return
    service.start_reason = reason
    if service.snap.state is not State.DISCONNECTING:
        await service.stop(reason)
    service.waiting.add("connect", command)


async def _reconnect(service: ManagedService, command: Command) -> None:
    if service.snap.state is State.DISCONNECTING:
        await service.context.answer(command, error="it is being stopped; wait until it is, then start it")
        return
    if service.connection is not None:
        service.drop(force=False)
    service.waiting.add("connect", command)
    await service.retry(f"reconnection requested by {command.requested_by}")


async def _set_state(service: ManagedService, command: Command) -> None:
    """What is then found to be otherwise is corrected by the next check or attempt."""
    after, before = State(operation_commands.arguments_of(command)["state"]), service.snap.state
    reason = f"set to {after.value} by {command.requested_by}"
    now, chance = service.context.clock(), service.context.chance()
    try:
        step = manual.move(service.snap, after, service.policy, now, chance, reason)
    except manual.NotPossibleByHandError as exc:
        await service.context.answer(command, error=str(exc))
        return
    if after is State.DISCONNECTING or before is State.DISCONNECTING:
        await _close_by_hand(service, command, reason)
        return
    if after not in SERVING:
        service.drop(force=False)
    await service.record(*step)
    service.failing = after in (State.RECONNECTING, State.UNREACHABLE)
    await service.context.answer(command, outcome=report(service.held))


async def _close_by_hand(service: ManagedService, command: Command, reason: str) -> None:
    """Closing takes its time; where it is under way it is hurried."""
    service.waiting.add("close", command)
    if service.snap.state is State.DISCONNECTING:
        service.hurry()
    else:
        await service.stop(reason)


async def _check(service: ManagedService, command: Command) -> None:
    """While there is no connection the check is an attempt to connect; in a restart, the one that comes."""
    if service.connection is None and service.snap.state in TIMED:
        service.schedule.retry_in(0)
        service.waiting.add("connect", command)
    elif _restarts(service):
        service.waiting.add("connect", command)
    else:
        await _with_connection(service, command, "check")


def _restarts(service: ManagedService) -> bool:
    """Whether it is being stopped only to be started again."""
    return service.snap.state is State.DISCONNECTING and bool(service.start_reason)


async def _with_connection(service: ManagedService, command: Command, event: str) -> None:
    if service.connection is None:
        await service.context.answer(command, error=_not_connected(service))
    else:
        service.waiting.add(event, command)


def _not_connected(service: ManagedService) -> str:
    return f"{service.wanted.name} is not connected now (it is {service.snap.state.value})"


async def _call(service: ManagedService, command: Command) -> None:
    if service.connection is None and service.snap.state not in SERVING:
        await service.context.answer(command, error=_not_connected(service))
        return
    service.inbox.call(
        command,
        tool_calls.call(
            service.context,
            command,
            service.other_connection,
            service.wanted,
            service.policy,
            service.known_secret,
        ),
    )
