"""The named steps between which a worker can die, as places in the product's own functions.

The product knows nothing of them: `doomed.py` wraps the one function in question, in the worker that is to
die.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module
from typing import Any

from lifecycle.core.states import SERVING, State

ENGINE = "lifecycle.engine."
ALERTS = "lifecycle.alerts."
FAILING = frozenset({State.RECONNECTING, State.UNREACHABLE})


@dataclass(frozen=True)
class Step:
    """Just before or just after one call of `target`, written `module:name`.

    A worker comes by again and again, except where it is `once` in its life. Passages count only if `counts`
    says so of the call's arguments.
    """

    group: str
    name: str
    target: str
    after: bool = False
    once: bool = False
    counts: Callable[..., bool] = lambda *_, **__: True

    def place(self) -> tuple[Any, str, Callable[..., Any]]:
        """Who holds the function, under which name, and the function; fails if it has moved."""
        module, _, path = self.target.partition(":")
        *owners, name = path.split(".")
        holder = import_module(module)
        for owner in owners:
            holder = getattr(holder, owner)
        return holder, name, inspect.getattr_static(holder, name)

    def install(self, met: Callable[[], None]) -> None:
        """Call *met* at each passage, from now on, in this process."""
        holder, name, found = self.place()
        raw = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
        wrap = _async if inspect.iscoroutinefunction(raw) else _sync
        wrapped = wrap(raw, met, self)
        kind = type(found) if isinstance(found, (classmethod, staticmethod)) else None
        setattr(holder, name, kind(wrapped) if kind else wrapped)


def _sync(function: Callable[..., Any], met: Callable[[], None], step: Step) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not step.after and step.counts(*args, **kwargs):
            met()
        result = function(*args, **kwargs)
        if step.after and step.counts(*args, **kwargs):
            met()
        return result

    return wrapped


def _async(function: Callable[..., Any], met: Callable[[], None], step: Step) -> Callable[..., Any]:
    @wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not step.after and step.counts(*args, **kwargs):
            met()
        result = await function(*args, **kwargs)
        if step.after and step.counts(*args, **kwargs):
            met()
        return result

    return wrapped


def _falls(change: Any) -> bool:
    """Whether an alert begins with this change; the first of a worker's life are none."""
    return change is not None and change.before in SERVING and change.after in FAILING


def _rises(change: Any) -> bool:
    """Whether an alert ends with it."""
    return change is not None and change.before in FAILING and change.after in SERVING


def _written(which: Callable[[Any], bool]) -> Callable[..., bool]:
    """For `Recorder._update`."""
    return lambda recorder, deeds: any(which(deed.change) for deed in deeds)


def _told(which: Callable[[Any], bool]) -> Callable[..., bool]:
    """For `_tell`."""
    return lambda held, change: which(change)


def _before(group: str, target: str, name: str) -> Step:
    return Step(group, name, target)


def _after(group: str, target: str, name: str) -> Step:
    return Step(group, name, target, after=True)


RECORDING = (
    _before("recording", ENGINE + "recording:Recorder._insert", "a new service has no row"),
    _after("recording", ENGINE + "recording:Recorder._insert", "a new service's row is not committed"),
    _before("recording", ENGINE + "recording:Recorder._update", "nothing of the state is written"),
    _before("recording", ENGINE + "recording:Recorder._add_history", "the state is written, its history not"),
    _before("recording", ALERTS + "evaluation:on_change", "the history is written, no episode"),
    _before("recording", ALERTS + "outbox:queue_firing", "the episode is written, no message"),
    _after("recording", ALERTS + "outbox:queue_firing", "the message is written, not committed"),
    _before("recording", ALERTS + "outbox:queue_resolved", "the episode's end is written, no message"),
    _after("recording", ALERTS + "outbox:queue_resolved", "the message of the end is not committed"),
    _after("recording", ENGINE + "recording:Recorder._update", "all is written, nothing committed"),
    _before("recording", ENGINE + "writer:_Job.tell", "committed, and nobody knows"),
    _before("recording", ENGINE + "recording:_tell", "committed and known"),
    _before("recording", ENGINE + "routine:write", "no check of this second is written"),
    _after("recording", ENGINE + "routine:write", "the checks of this second are not committed"),
    _before("recording", ENGINE + "shop:_finish", "the command is done, its answer not written"),
    _after("recording", ENGINE + "shop:_finish", "the command's answer is not committed"),
    _before("recording", ENGINE + "looking:take_commands", "a command is seen, not taken"),
    _after("recording", ENGINE + "looking:take_commands", "a command is taken, not committed"),
)
UPDATE, TELL = ENGINE + "recording:Recorder._update", ENGINE + "recording:_tell"
TURNING = (
    replace(_before("recording", UPDATE, "nothing of a fall is written"), counts=_written(_falls)),
    replace(_after("recording", UPDATE, "a fall is written, not committed"), counts=_written(_falls)),
    replace(_before("recording", TELL, "a fall is committed"), counts=_told(_falls)),
    replace(_before("recording", UPDATE, "nothing of a rise is written"), counts=_written(_rises)),
    replace(_after("recording", UPDATE, "a rise is written, not committed"), counts=_written(_rises)),
    replace(_before("recording", TELL, "a rise is committed"), counts=_told(_rises)),
)
"""The transitions with which alerts begin and end: all that belongs to one is there, or none of it."""
CONNECTING = (
    _before("connecting", ENGINE + "attempts:load", "the configuration is not read"),
    _before("connecting", ENGINE + "connection:Connector.open", "nothing is opened"),
    _before("connecting", ENGINE + "child.process:Child._launch", "no supervisor is there"),
    _before("connecting", ENGINE + "child.process:Child._send_config", "the supervisor knows no command"),
    _after("connecting", ENGINE + "child.process:Child._send_config", "the supervisor starts the server"),
    _after("connecting", ENGINE + "child.process:Child.start", "the server runs"),
    _before("connecting", ENGINE + "holding:Connection.greet", "nobody is greeted"),
    _after("connecting", ENGINE + "holding:Connection.greet", "the session is there"),
    _after("connecting", ENGINE + "holding:Connection.content", "the lists are read"),
    _before("connecting", ENGINE + "outcomes:_connected", "the connection is not recorded"),
    _after("connecting", ENGINE + "outcomes:_connected", "the connection is recorded"),
)
STOPPING = (
    _before("stopping", ENGINE + "owner:Owner.stop", "a stop is heard"),
    _after("stopping", ENGINE + "owner:Owner.stop", "the stop is recorded, nothing closed"),
    _before("stopping", ENGINE + "holding:Connection.close", "nothing is closed"),
    _before("stopping", ENGINE + "child.process:Child.stop", "the server's stdin is open"),
    _before("stopping", ENGINE + "child.process:Child._order", "the supervisor has no order"),
    _after("stopping", ENGINE + "child.process:Child._order", "the supervisor has its order"),
    _after("stopping", ENGINE + "holding:Connection.close", "all is closed"),
    _before("stopping", "lifecycle.core.machine:closed", "the end is not recorded"),
)
LEAVING = (
    _before("leaving", ENGINE + "owner:Owner._let_go", "the connections are open"),
    _after("leaving", ENGINE + "owner:Owner._let_go", "a connection is closed"),
    *(
        replace(step, once=True)
        for step in (
            _before("leaving", ENGINE + "worker:Worker._finish", "the worker is told to stop"),
            _before("leaving", ENGINE + "connection:Connector.aclose", "the owners are gone"),
            _after("leaving", ENGINE + "connection:Connector.aclose", "the connector is closed"),
            _before("leaving", ENGINE + "upkeep:stopped", "the worker has not said good-bye"),
            _after("leaving", ENGINE + "upkeep:stopped", "the worker has said good-bye"),
        )
    ),
)
DELIVERING = (
    _after("delivering", ALERTS + "queue:due_channels", "a message is due"),
    _before("delivering", ALERTS + "queue:_claim", "the message is not claimed"),
    _after("delivering", ALERTS + "queue:take", "the message is claimed"),
    _before("delivering", ALERTS + "senders.webhook:WebhookSender.__call__", "the message is not sent"),
    _after("delivering", ALERTS + "senders.webhook:WebhookSender.__call__", "the message is sent"),
    _before("delivering", ALERTS + "queue:settle", "the answer is not written"),
    _before("delivering", ALERTS + "queue:note", "the answer is written, not committed"),
    _after("delivering", ALERTS + "queue:settle", "the answer is committed"),
)
STEPS = (*RECORDING, *TURNING, *CONNECTING, *STOPPING, *LEAVING, *DELIVERING)
