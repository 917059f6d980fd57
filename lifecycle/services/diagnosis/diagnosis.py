"""Why a service is not healthy, and what to do about it, in plain words (requirements 2.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import INCURABLE, Kind
from lifecycle.core.machine.states import SERVING, State
from lifecycle.pages import humanize
from lifecycle.services.diagnosis.advice import Advice
from lifecycle.services.diagnosis.remedies import ACT_WORDS, UNSURE, UNSURE_TODO, Act, advice

CONNECTING = (State.INITIALIZING, State.RECONNECTING, State.UNREACHABLE)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the diagnosis is made from. `unsure`: the fault of our own by which the last check proved nothing.

    `place` is its number among those that wait for their turn to connect, 0 where it is not among them.
    `held_by` names the dependencies that it waits for, `resting` those among them that a person stopped.
    """

    state: State
    kind: Kind | None = None
    exactly: Cause | None = None
    reason: str = ""
    attempts: int = 0
    max_attempts: int = 0
    restarts: int = 0
    max_restarts: int = 0
    failures: int = 0
    interval: timedelta | None = None
    served: bool = True
    unsure: str = ""
    place: int = 0
    program: bool = False
    held_by: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One button: what it asks for, and its words; `ask` is what a form should propose."""

    act: Act
    words: str
    ask: str = ""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What happened, the likely cause, what a person can do, and what the console does next by itself."""

    what: str
    cause: str = ""
    todo: tuple[str, ...] = ()
    next_step: str = ""
    remedies: tuple[Remedy, ...] = ()


def needs_sign_in(state: State, kind: str) -> bool:
    """Whether the service is up and only lacks a token; it is not shown as down."""
    return kind == Kind.AUTH and state in (*CONNECTING, *SERVING)


def diagnose(facts: Facts) -> Diagnosis:
    """The diagnosis of one service; for a healthy one only the headline and what comes next."""
    if facts.held_by:
        return _held(facts)
    return Diagnosis(
        what=_what(facts),
        cause=_cause(facts),
        todo=_todo(facts),
        next_step=_next_step(facts),
        remedies=tuple(_remedy(act, facts) for act in _acts(facts)),
    )


def _told(facts: Facts) -> Advice | None:
    """The words for the failure, if there is one to speak of."""
    told = facts.state in (State.WARNING, *CONNECTING) or (facts.state is State.HEALTHY and facts.failures)
    return advice(facts.kind, facts.exactly) if told and facts.kind else None


def _what(facts: Facts) -> str:
    told = _told(facts)
    happened = str(told.happened) if told else ""
    return f"{happened} {_standing(facts)}".strip()


def _standing(facts: Facts) -> str:
    """How it stands with the service, whatever happened."""
    why = {"why": UNSURE.get(facts.unsure, _("the console itself had a problem"))}
    match facts.state:
        case State.HEALTHY | State.WARNING if facts.unsure:
            return _("The last check was inconclusive: %(why)s. The state is unchanged.") % why
        case State.INITIALIZING | State.RECONNECTING | State.UNREACHABLE if facts.unsure:
            return _("The last connection attempt was inconclusive: %(why)s.") % why
        case State.HEALTHY if facts.failures:
            return _("The last check failed. It is rechecked within seconds.")
        case State.HEALTHY:
            return _("It answers in time.")
        case State.WARNING if facts.failures:
            return _("%(n)d checks in a row failed. It is still connected.") % {"n": facts.failures}
        case State.WARNING if facts.kind:  # it answered, and yet there is something to say
            return _("It is still connected.")
        case State.WARNING:
            return _("It answers, but slowly.")
        case State.INITIALIZING:
            return _("Connecting.")
        case State.RECONNECTING if not facts.served:
            return _("Not reached yet. Retrying.")
        case State.RECONNECTING:
            return _("Connection lost. Reconnecting.")
        case State.UNREACHABLE if facts.kind in INCURABLE:
            return _("Quick retries would not help.")
        case State.UNREACHABLE if facts.restarts > facts.max_restarts > 0:
            return _("Restart limit reached: %(n)d restarts failed.") % {"n": facts.max_restarts}
        case State.UNREACHABLE:
            return _("%(n)d connection attempts failed.") % {"n": facts.attempts}
        case State.DISCONNECTING:
            return _("Disconnecting.")
    return _at_rest(facts)


def _held(facts: Facts) -> Diagnosis:
    """Of one that waits: the trouble is with what it depends on, and so is the remedy."""
    told = _told(facts)
    names = {"names": ", ".join(facts.held_by), "resting": ", ".join(facts.resting)}
    if facts.resting:
        next_step = _("Waiting for %(names)s until someone starts %(resting)s.")
        todo = _("Start %(resting)s, or reconnect now to try anyway.")
    else:
        next_step = _("Waiting for %(names)s. It reconnects as soon as the dependency is back.")
        todo = _("Fix %(names)s first, or reconnect now to try anyway.")
    return Diagnosis(
        what=str(told.happened) if told else _("Not connected."),
        cause=_("A dependency is not serving: %(names)s.") % names,
        todo=(todo % names,),
        next_step=next_step % names,
        remedies=(Remedy(act=Act.RECONNECT, words=str(ACT_WORDS[Act.RECONNECT])),),
    )


def _at_rest(facts: Facts) -> str:
    if facts.reason:
        return _("Stopped: %(reason)s.") % {"reason": facts.reason.rstrip(".")}
    return _("Stopped.")


def _cause(facts: Facts) -> str:
    if told := _told(facts):
        return str(told.cause)
    if facts.state is State.WARNING and not facts.unsure:
        return _("The server or the network is slow.")
    if facts.state is State.DISCONNECTED and facts.kind is not None:
        return str(advice(facts.kind, facts.exactly).cause)
    return ""


def _todo(facts: Facts) -> tuple[str, ...]:
    at_rest = facts.state in (State.DISCONNECTING, State.DISCONNECTED)
    ours = () if at_rest or facts.unsure not in UNSURE_TODO else (str(UNSURE_TODO[facts.unsure]),)
    if told := _told(facts):  # of what happened before our own fault came in the way
        return (*ours, *(str(step) for step in told.todo))
    if ours:
        return ours
    match facts.state:
        case State.DISCONNECTED:
            return (_("Start it to run it again."),)
        case State.WARNING if not facts.unsure:
            return (_("Check the server's load if this persists."),)
        case State.INITIALIZING if facts.program and not facts.served:
            return (_("Wait: a first start may download the program, which can take minutes; see Logs."),)
        case State.INITIALIZING | State.RECONNECTING | State.DISCONNECTING:
            return (_("Nothing: this takes a few seconds."),)
    return ()


def _next_step(facts: Facts) -> str:
    if facts.place:
        return _("Number %(n)d in the connection queue.") % {"n": facts.place}
    match facts.state:
        case State.HEALTHY | State.WARNING if facts.unsure:
            return _("Next check in a few seconds.")
        case State.HEALTHY | State.WARNING if facts.failures:
            return _("Rechecked every few seconds; reconnected if it keeps failing.")
        case State.WARNING if facts.kind is Kind.HTTP:
            return _("Checked again at the time in the message.")
        case State.WARNING if facts.exactly is Cause.TOOLS_GONE:
            return _("Its tools are listed again every few minutes.")
        case State.HEALTHY | State.WARNING if facts.interval:
            return _("Checked every %(span)s") % {"span": humanize.lasting(facts.interval)}
        case State.HEALTHY | State.WARNING:
            return _("The next check is automatic.")
        case State.INITIALIZING if facts.unsure:
            return _("Next attempt in a few seconds.")
        case State.INITIALIZING:
            return _("Making the first connection.")
        case State.RECONNECTING if facts.restarts:
            return _("Restart %(n)d of %(all)d") % {
                "n": min(facts.restarts, facts.max_restarts),
                "all": facts.max_restarts,
            }
        case State.RECONNECTING:
            return _("Attempt %(n)d of %(all)d") % {
                "n": min(facts.attempts + 1, facts.max_attempts),
                "all": facts.max_attempts,
            }
        case State.UNREACHABLE:
            return _("Next attempt")
        case State.DISCONNECTING:
            return _("Closes within 12 s, by force if needed.")
    return _("Nothing until someone starts it.")


def _acts(facts: Facts) -> tuple[Act, ...]:
    told = _told(facts)
    match facts.state:
        case State.DISCONNECTED:
            return (Act.START,)
        case State.DISCONNECTING:
            return ()
        case State.HEALTHY | State.WARNING:
            return tuple(dict.fromkeys((Act.CHECK, *told.acts))) if told else (Act.CHECK,)
    return told.acts if told else (Act.RECONNECT,)


def _remedy(act: Act, facts: Facts) -> Remedy:
    told = _told(facts)
    if act is Act.EDIT and told:
        return Remedy(act=act, words=str(told.edit), ask=told.ask)
    return Remedy(act=act, words=str(ACT_WORDS[act]))
