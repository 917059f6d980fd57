"""Signing in to a service and out again: beside everything else, then the connection follows."""

from __future__ import annotations

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.machine.states import CONNECTING, SERVING
from lifecycle.engine.service.managed import ManagedService
from lifecycle.engine.worker.desired_state import load
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from registry.errors import RegistryError

SIGNED_OUT = "signed out by {}"


async def carry_out(service: ManagedService, command: Command) -> None:
    """Take the next step of an attempt, or forget the tokens; the command hears how it ended."""
    context, wanted = service.context, service.wanted
    if command.kind == Command.Kind.SIGN_OUT:
        await context.sign_ins.sign_out(wanted.id)
        await context.answer(command)
        _signed(service, command, inside=False)
        return
    loaded = await context.writer.read_each(load, wanted.id)
    if isinstance(loaded, RegistryError):
        await context.answer(command, error=str(loaded))
        return
    if command.kind == Command.Kind.SIGN_IN:
        end = await context.sign_ins.begin(wanted.id, loaded.config)
    else:
        given = operation_commands.arguments_of(command)
        end = await context.sign_ins.finish(wanted.id, loaded.config, given)
    await context.answer(command, error=end.error)
    if end.signed_in:
        _signed(service, command, inside=True)


def _signed(service: ManagedService, command: Command, *, inside: bool) -> None:
    """For the owner, which alone moves the service."""
    service.signed = (command.requested_by, inside)
    service.wake_up.ring()


async def take_effect(service: ManagedService) -> None:
    """Connect with the tokens that just came, or let go of those that are no more.

    A session that goes on gets new tokens by being made anew, without a transition.
    """
    if service.signed is None:
        return
    (who, inside), service.signed = service.signed, None
    state = service.snap.state
    if not inside:
        if state in SERVING and service.bearer is not None:
            said = SIGNED_OUT.format(who)
            service.lost = Fault(kind=Kind.AUTH, message=said, cause=Cause.NEEDS_SIGN_IN, lost=True)
        service.bearer = None
    elif state in CONNECTING:
        service.abandon_activity()
        await service.retry(f"signed in by {who}")
    elif state in SERVING:
        service.drop(force=False)
        service.schedule.retry_in(0)
