"""Brings what a service is towards what it should be, by looking at both and not at what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.core import machine, recovery
from lifecycle.core.states import CONNECTING, SERVING, State
from registry.models import Desired

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner

RECONFIGURED = "configuration changed"
AT_REST = (machine.GAVE_UP, recovery.NOT_RESTARTED)


async def level(owner: Owner) -> None:
    """Stop what should not run, start what should, and apply a changed configuration."""
    state = owner.snap.state
    if owner.gone or owner.wanted.desired == Desired.STOPPED:
        if state not in (State.DISCONNECTING, State.DISCONNECTED):
            await owner.stop("removed" if owner.gone else "stopped in the configuration")
        if owner.snap.state is State.DISCONNECTED:
            await owner.waiting.refuse("it was stopped meanwhile", but="close")
            owner.ended = owner.gone
    elif state is State.DISCONNECTED:
        if owner.snap.disconnect_reason not in AT_REST or _outdated(owner):
            await owner.start(owner.start_reason or "to be running")
    elif _outdated(owner):
        await _apply_new_configuration(owner)


def _outdated(owner: Owner) -> bool:
    return 0 < owner.applied < owner.wanted.revision


async def _apply_new_configuration(owner: Owner) -> None:
    """A serving service is stopped and started; a failing one tries the new configuration at once."""
    owner.applied = owner.wanted.revision
    if owner.snap.state in SERVING:
        owner.start_reason = RECONFIGURED
        await owner.stop(RECONFIGURED)
    elif owner.snap.state in CONNECTING:
        owner.abandon_activity()
        await owner.retry(RECONFIGURED)
