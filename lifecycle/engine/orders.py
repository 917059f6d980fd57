"""What an owner does when an operator asks, and how the answer finds its way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import operations
from lifecycle.core import byhand
from lifecycle.core.health import health_of
from lifecycle.core.states import CONNECTING, SERVING, TIMED, State
from lifecycle.engine import calls
from lifecycle.engine.shop import Shop
from lifecycle.models import Command

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner

Kind = Command.Kind


class Waiting:
    """Commands whose answer depends on something still going on: connect, check, refresh or close."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._for: dict[str, list[Command]] = {}

    def add(self, event: str, command: Command) -> None:
        """Remember *command*; who waits for a connection goes before those that nobody waits for."""
        if event == "connect":
            self._shop.lanes.hurry(command.service_id)
        self._for.setdefault(event, []).append(command)

    def any(self, event: str) -> bool:
        return bool(self._for.get(event))

    def all(self) -> list[Command]:
        return [command for waiting in self._for.values() for command in waiting]

    async def answer(self, event: str, owner: Owner, *, error: str = "") -> None:
        """Tell all who wait for *event* how the service is now."""
        for command in self._for.pop(event, []):
            await self._shop.answer(command, outcome=report(owner), error=error)

    async def refuse(self, why: str, *, but: str) -> None:
        """Fail all but those who wait for the event *but*."""
        for event in [event for event in self._for if event != but]:
            for command in self._for.pop(event):
                await self._shop.answer(command, error=why)


def report(owner: Owner) -> dict[str, Any]:
    """How the service is, as a command's outcome."""
    snap = owner.snap
    took = snap.response_time
    return {
        "state": snap.state.value,
        "health": health_of(snap.state, snap.last_level).value,
        "response_time_ms": None if took is None else round(took.total_seconds() * 1000, 1),
        "tools_count": owner.held.facts.get("tools_count", 0),
        "error": snap.fault.message if snap.fault else "",
    }


async def obey(owner: Owner, command: Command) -> None:
    """Begin what *command* asks for; it is answered now or when that has ended."""
    match Kind(command.kind):
        case Kind.STOP:
            await _stop(owner, command)
        case Kind.START:
            await _start(owner, command)
        case Kind.RESTART:
            await _restart(owner, command)
        case Kind.RECONNECT:
            await _reconnect(owner, command)
        case Kind.CHECK:
            await _check(owner, command)
        case Kind.REFRESH_TOOLS:
            await _with_connection(owner, command, "refresh")
        case Kind.CALL_TOOL:
            await _call(owner, command)
        case Kind.SET_STATE:
            await _set_state(owner, command)


async def _stop(owner: Owner, command: Command) -> None:
    state = owner.snap.state
    if state is State.DISCONNECTED:
        await owner.shop.answer(command, outcome=report(owner))
        return
    owner.waiting.add("close", command)
    if state is not State.DISCONNECTING:
        await owner.stop(f"stopped by {command.requested_by}", force=command.force)
    elif command.force:
        owner.hurry()


async def _start(owner: Owner, command: Command) -> None:
    """A service that is failing tries again at once."""
    state, reason = owner.snap.state, f"started by {command.requested_by}"
    if state in SERVING:
        await owner.shop.answer(command, outcome=report(owner))
        return
    owner.waiting.add("connect", command)
    if state is State.DISCONNECTED:
        await owner.start(reason)
    elif state in CONNECTING:
        await owner.retry(reason)
    else:
        owner.start_reason = reason


async def _restart(owner: Owner, command: Command) -> None:
    reason = f"restarted by {command.requested_by}"
    if owner.snap.state is State.DISCONNECTED:
        owner.waiting.add("connect", command)
        await owner.start(reason)
        return
    owner.start_reason = reason
    if owner.snap.state is not State.DISCONNECTING:
        await owner.stop(reason)
    owner.waiting.add("connect", command)


async def _reconnect(owner: Owner, command: Command) -> None:
    if owner.snap.state is State.DISCONNECTING:
        await owner.shop.answer(command, error="it is being stopped; wait until it is, then start it")
        return
    if owner.connection is not None:
        owner.drop(force=False)
    owner.waiting.add("connect", command)
    await owner.retry(f"reconnection asked for by {command.requested_by}")


async def _set_state(owner: Owner, command: Command) -> None:
    """What is then found to be otherwise is corrected by the next check or attempt."""
    after, before = State(operations.arguments_of(command)["state"]), owner.snap.state
    reason = f"set to {after.value} by {command.requested_by}"
    now, chance = owner.shop.clock(), owner.shop.chance()
    try:
        step = byhand.move(owner.snap, after, owner.policy, now, chance, reason)
    except byhand.NotPossibleByHandError as exc:
        await owner.shop.answer(command, error=str(exc))
        return
    if after is State.DISCONNECTING or before is State.DISCONNECTING:
        await _close_by_hand(owner, command, reason)
        return
    if after not in SERVING:
        owner.drop(force=False)
    await owner.record(*step)
    owner.failing = after in (State.RECONNECTING, State.UNREACHABLE)
    await owner.shop.answer(command, outcome=report(owner))


async def _close_by_hand(owner: Owner, command: Command, reason: str) -> None:
    """Closing takes its time; where it is under way it is hurried."""
    owner.waiting.add("close", command)
    if owner.snap.state is State.DISCONNECTING:
        owner.hurry()
    else:
        await owner.stop(reason)


async def _check(owner: Owner, command: Command) -> None:
    """While there is no connection the check is an attempt to connect; in a restart, the one that comes."""
    if owner.connection is None and owner.snap.state in TIMED:
        owner.agenda.retry_in(0)
        owner.waiting.add("connect", command)
    elif _restarts(owner):
        owner.waiting.add("connect", command)
    else:
        await _with_connection(owner, command, "check")


def _restarts(owner: Owner) -> bool:
    """Whether it is being stopped only to be started again."""
    return owner.snap.state is State.DISCONNECTING and bool(owner.start_reason)


async def _with_connection(owner: Owner, command: Command, event: str) -> None:
    if owner.connection is None:
        await owner.shop.answer(command, error=_not_connected(owner))
    else:
        owner.waiting.add(event, command)


def _not_connected(owner: Owner) -> str:
    return f"{owner.wanted.name} is not connected now (it is {owner.snap.state.value})"


async def _call(owner: Owner, command: Command) -> None:
    connection = owner.connection
    if connection is None:
        await owner.shop.answer(command, error=_not_connected(owner))
        return
    owner.calling(
        command, calls.call(owner.shop, command, connection, owner.wanted, owner.policy, owner.secret)
    )
