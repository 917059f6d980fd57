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

from lifecycle.core.machine.states import SERVING, State

ENGINE = "lifecycle.engine."
ALERTS = "lifecycle.alerts."
SIGN_IN = "lifecycle.signin."
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
    return lambda recorder, state_writes: any(which(state_write.change) for state_write in state_writes)


def _told(which: Callable[[Any], bool]) -> Callable[..., bool]:
    """For `_tell`."""
    return lambda held, change: which(change)


def before(group: str, target: str, name: str) -> Step:
    return Step(group, name, target)


def after(group: str, target: str, name: str) -> Step:
    return Step(group, name, target, after=True)


RECORDING = (
    before("recording", ENGINE + "recording.record:Recorder._insert", "a new service has no row"),
    after("recording", ENGINE + "recording.record:Recorder._insert", "a new service's row is not committed"),
    before("recording", ENGINE + "recording.record:Recorder._update", "nothing of the state is written"),
    before(
        "recording",
        ENGINE + "recording.record:Recorder._add_history",
        "the state is written, its history not",
    ),
    before("recording", ALERTS + "episodes.evaluate:on_change", "the history is written, no episode"),
    before("recording", ALERTS + "outbox.write:queue_firing", "the episode is written, no message"),
    after("recording", ALERTS + "outbox.write:queue_firing", "the message is written, not committed"),
    before("recording", ALERTS + "outbox.write:queue_resolved", "the episode's end is written, no message"),
    after("recording", ALERTS + "outbox.write:queue_resolved", "the message of the end is not committed"),
    after("recording", ENGINE + "recording.record:Recorder._update", "all is written, nothing committed"),
    before("recording", ENGINE + "recording.writer:_Job.tell", "committed, and nobody knows"),
    before("recording", ENGINE + "recording.record:_tell", "committed and known"),
    before("recording", ENGINE + "recording.routine:write", "no check of this second is written"),
    after("recording", ENGINE + "recording.routine:write", "the checks of this second are not committed"),
    before(
        "recording", "lifecycle.monitoring.rollups.write:Rollups.add", "the checks are written, not summed up"
    ),
    before("recording", ENGINE + "context:_finish", "the command is done, its answer not written"),
    after("recording", ENGINE + "context:_finish", "the command's answer is not committed"),
    before("recording", ENGINE + "worker.desired_state:take_commands", "a command is seen, not taken"),
    after("recording", ENGINE + "worker.desired_state:take_commands", "a command is taken, not committed"),
)
UPDATE, TELL = ENGINE + "recording.record:Recorder._update", ENGINE + "recording.record:_tell"
TURNING = (
    replace(before("recording", UPDATE, "nothing of a fall is written"), counts=_written(_falls)),
    replace(after("recording", UPDATE, "a fall is written, not committed"), counts=_written(_falls)),
    replace(before("recording", TELL, "a fall is committed"), counts=_told(_falls)),
    replace(before("recording", UPDATE, "nothing of a rise is written"), counts=_written(_rises)),
    replace(after("recording", UPDATE, "a rise is written, not committed"), counts=_written(_rises)),
    replace(before("recording", TELL, "a rise is committed"), counts=_told(_rises)),
)
"""The transitions with which alerts begin and end: all that belongs to one is there, or none of it."""
CONNECTING = (
    before("connecting", ENGINE + "service.attempts:load", "the configuration is not read"),
    before("connecting", ENGINE + "session.connection:Connector.open", "nothing is opened"),
    before("connecting", ENGINE + "session.child.process:Child._launch", "no supervisor is there"),
    before(
        "connecting", ENGINE + "session.child.process:Child._send_config", "the supervisor knows no command"
    ),
    after(
        "connecting", ENGINE + "session.child.process:Child._send_config", "the supervisor starts the server"
    ),
    after("connecting", ENGINE + "session.child.process:Child.start", "the server runs"),
    before("connecting", ENGINE + "session.held:Connection.greet", "nobody is greeted"),
    after("connecting", ENGINE + "session.held:Connection.greet", "the session is there"),
    after("connecting", ENGINE + "session.held:Connection.content", "the lists are read"),
    before("connecting", ENGINE + "service.outcomes:_connected", "the connection is not recorded"),
    after("connecting", ENGINE + "service.outcomes:_connected", "the connection is recorded"),
)
STOPPING = (
    before("stopping", ENGINE + "service.managed:ManagedService.stop", "a stop is heard"),
    after("stopping", ENGINE + "service.managed:ManagedService.stop", "the stop is recorded, nothing closed"),
    before("stopping", ENGINE + "session.held:Connection.close", "nothing is closed"),
    before("stopping", ENGINE + "session.child.process:Child.stop", "the server's stdin is open"),
    before("stopping", ENGINE + "session.child.process:Child._order", "the supervisor has no order"),
    after("stopping", ENGINE + "session.child.process:Child._order", "the supervisor has its order"),
    after("stopping", ENGINE + "session.held:Connection.close", "all is closed"),
    before("stopping", "lifecycle.core.machine.moves:closed", "the end is not recorded"),
)
LEAVING = (
    before("leaving", ENGINE + "service.owner:Owner._let_go", "the connections are open"),
    after("leaving", ENGINE + "service.owner:Owner._let_go", "a connection is closed"),
    *(
        replace(step, once=True)
        for step in (
            before("leaving", ENGINE + "worker.worker:Worker._finish", "the worker is told to stop"),
            before("leaving", ENGINE + "session.connection:Connector.aclose", "the owners are gone"),
            after("leaving", ENGINE + "session.connection:Connector.aclose", "the connector is closed"),
            before("leaving", ENGINE + "maintenance.retention:stopped", "the worker has not said good-bye"),
            after("leaving", ENGINE + "maintenance.retention:stopped", "the worker has said good-bye"),
        )
    ),
)
DELIVERING = (
    after("delivering", ALERTS + "outbox.queue:due_channels", "a message is due"),
    before("delivering", ALERTS + "outbox.queue:_claim", "the message is not claimed"),
    after("delivering", ALERTS + "outbox.queue:take", "the message is claimed"),
    before("delivering", ALERTS + "senders.webhook:WebhookSender.__call__", "the message is not sent"),
    after("delivering", ALERTS + "senders.webhook:WebhookSender.__call__", "the message is sent"),
    after("delivering", ALERTS + "senders.http:HttpSender.__call__", "a provider has the message"),
    after("delivering", ALERTS + "senders.email:EmailSender.__call__", "the mail server has the message"),
    before("delivering", ALERTS + "outbox.queue:settle", "the answer is not written"),
    before("delivering", ALERTS + "outbox.queue:note", "the answer is written, not committed"),
    after("delivering", ALERTS + "outbox.queue:settle", "the answer is committed"),
)
STEPS = (*RECORDING, *TURNING, *CONNECTING, *STOPPING, *LEAVING, *DELIVERING)
SIGNING = (
    before("signing", SIGN_IN + "flow.run:discover", "nothing is asked"),
    after("signing", SIGN_IN + "flow.run:discover", "the servers are found"),
    before("signing", SIGN_IN + "flow.registration:_send", "nobody is registered"),
    after("signing", SIGN_IN + "flow.registration:_send", "registered there, not here"),
    after("signing", SIGN_IN + "record:keep_client", "the registration is written, not committed"),
    before("signing", SIGN_IN + "record:await_consent", "the registration is kept"),
    after("signing", SIGN_IN + "record:await_consent", "the consent is asked for, not committed"),
    after("signing", SIGN_IN + "flow.run:SignIns.begin", "the consent is asked for"),
    before("signing", SIGN_IN + "flow.run:SignIns.finish", "the code is there, not sent"),
    before("signing", SIGN_IN + "flow.tokens:read", "the tokens are given, not read"),
    after("signing", SIGN_IN + "record:signed_in", "the tokens are written, not committed"),
    after("signing", SIGN_IN + "flow.run:SignIns.finish", "the tokens are kept, nobody knows"),
)
RENEWING = (
    before("renewing", SIGN_IN + "record:begin_renewal", "the token is refused"),
    after("renewing", SIGN_IN + "record:begin_renewal", "the renewal is announced, not committed"),
    before("renewing", SIGN_IN + "flow.bearer:Bearer._ask", "the renewal is announced"),
    before("renewing", SIGN_IN + "flow.bearer:Bearer._keep", "renewed there, not here"),
    after("renewing", SIGN_IN + "record:renewed", "the new tokens are written, not committed"),
    after("renewing", SIGN_IN + "flow.bearer:Bearer._keep", "the new tokens are kept"),
)
"""Of a sign-in to a service, and of the renewal of its tokens: they have a stage of their own."""
ALL = (*STEPS, *SIGNING, *RENEWING)
