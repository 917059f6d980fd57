"""Why a service is not healthy, and what to do about it, in plain words (requirements 2.14)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from lifecycle.core.health import INCURABLE, Kind
from lifecycle.core.states import SERVING, State
from lifecycle.remedies import (
    ACT_WORDS,
    ACTS,
    CAUSE,
    EDIT_WORDS,
    HAPPENED,
    REMEDIES,
    UNSURE,
    UNSURE_TODO,
    Act,
)

CONNECTING = (State.INITIALIZING, State.RECONNECTING, State.UNREACHABLE)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the diagnosis is made from. `unsure`: the fault of our own by which the last check proved nothing.

    `place` is its number among those that wait for their turn to connect, 0 where it is not among them.
    `held_by` names the dependencies that it waits for, `resting` those among them that a person stopped.
    """

    state: State
    kind: Kind | None = None
    reason: str = ""
    attempts: int = 0
    max_attempts: int = 0
    restarts: int = 0
    max_restarts: int = 0
    failures: int = 0
    served: bool = True
    unsure: str = ""
    place: int = 0
    held_by: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One button: what it asks for, and its words."""

    act: Act
    words: str


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
        remedies=tuple(Remedy(act=act, words=str(_act_words(act, facts))) for act in _acts(facts)),
    )


def _troubled(facts: Facts) -> Kind | None:
    """The kind of failure that the words should speak of."""
    told = facts.state in (State.WARNING, *CONNECTING) or (facts.state is State.HEALTHY and facts.failures)
    return facts.kind if told else None


def _what(facts: Facts) -> str:
    kind = _troubled(facts)
    happened = str(HAPPENED[kind]) if kind else ""
    return f"{happened} {_standing(facts)}".strip()


def _standing(facts: Facts) -> str:
    """How it stands with the service, whatever happened."""
    match facts.state:
        case State.HEALTHY | State.WARNING if facts.unsure:
            why = UNSURE.get(facts.unsure, _("the console had trouble"))
            return _("The last check proved nothing: %(why)s. What was known before still counts.") % {
                "why": why
            }
        case State.HEALTHY if facts.failures:
            return _("The last check failed; it is checked again in a moment.")
        case State.HEALTHY:
            return _("It answers, and quickly.")
        case State.WARNING if facts.failures:
            return _("%(n)d checks in a row failed; the connection is still held.") % {"n": facts.failures}
        case State.WARNING:
            return _("It answers, but slowly.")
        case State.INITIALIZING:
            return _("It is being connected.")
        case State.RECONNECTING if not facts.served:
            return _("It has not been reached yet; it is being tried again.")
        case State.RECONNECTING:
            return _("The connection is lost; it is being made again.")
        case State.UNREACHABLE if facts.kind in INCURABLE:
            return _("Trying again quickly would not help.")
        case State.UNREACHABLE if facts.restarts > facts.max_restarts > 0:
            return _("It was restarted %(n)d times in vain.") % {"n": facts.max_restarts}
        case State.UNREACHABLE:
            return _("It cannot be reached: %(n)d attempts failed.") % {"n": facts.attempts}
        case State.DISCONNECTING:
            return _("Its connection is being closed.")
    return _at_rest(facts)


def _held(facts: Facts) -> Diagnosis:
    """Of one that waits: the trouble is with what it depends on, and so is the remedy."""
    kind = _troubled(facts)
    names = {"names": ", ".join(facts.held_by), "resting": ", ".join(facts.resting)}
    if facts.resting:
        next_step = _("Waiting for %(names)s: that goes on until somebody starts %(resting)s.")
        todo = _("Start %(resting)s, or reconnect now to try all the same.")
    else:
        next_step = _("Waiting for %(names)s: no attempt is made before that serves, and one at once then.")
        todo = _("Look at %(names)s first, or reconnect now to try all the same.")
    return Diagnosis(
        what=str(HAPPENED[kind]) if kind else _("It is not connected."),
        cause=_("It depends on %(names)s, and that does not serve now.") % names,
        todo=(todo % names,),
        next_step=next_step % names,
        remedies=(Remedy(act=Act.RECONNECT, words=str(ACT_WORDS[Act.RECONNECT])),),
    )


def _at_rest(facts: Facts) -> str:
    if facts.reason:
        return _("It is stopped: %(reason)s.") % {"reason": facts.reason.rstrip(".")}
    return _("It is stopped.")


def _cause(facts: Facts) -> str:
    kind = _troubled(facts)
    if kind is not None:
        return str(CAUSE[kind])
    if facts.state is State.WARNING and not facts.unsure:
        return _("The server, or the way to it, is busy.")
    if facts.state is State.DISCONNECTED and facts.kind is not None:
        return str(CAUSE[facts.kind])
    return ""


def _todo(facts: Facts) -> tuple[str, ...]:
    kind = _troubled(facts)
    if kind is not None:
        return tuple(str(step) for step in REMEDIES[kind])
    match facts.state:
        case State.DISCONNECTED:
            return (_("Start it when it should run again."),)
        case State.HEALTHY | State.WARNING if facts.unsure in UNSURE_TODO:
            return (str(UNSURE_TODO[facts.unsure]),)
        case State.WARNING if not facts.unsure:
            return (_("Look at the server's load if this lasts."),)
        case State.INITIALIZING | State.RECONNECTING | State.DISCONNECTING:
            return (_("Nothing: this takes a few seconds."),)
    return ()


def _next_step(facts: Facts) -> str:
    if facts.place:
        return _("It is number %(n)d of those that wait for their turn to connect.") % {"n": facts.place}
    match facts.state:
        case State.HEALTHY | State.WARNING if facts.unsure:
            return _("It is asked again in a few seconds.")
        case State.HEALTHY | State.WARNING if facts.failures:
            return _("It is checked again every few seconds, and reconnected if it goes on failing.")
        case State.HEALTHY | State.WARNING:
            return _("The next check comes by itself.")
        case State.INITIALIZING:
            return _("The first connection is being made.")
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
            return _("It is closed within 12 seconds, by force if it must be.")
    return _("Nothing, until a person starts it.")


def _acts(facts: Facts) -> tuple[Act, ...]:
    kind = _troubled(facts)
    match facts.state:
        case State.DISCONNECTED:
            return (Act.START,)
        case State.DISCONNECTING:
            return ()
        case State.HEALTHY | State.WARNING:
            return tuple(dict.fromkeys((Act.CHECK, *ACTS[kind]))) if kind else (Act.CHECK,)
    return ACTS[kind] if kind else (Act.RECONNECT,)


def _act_words(act: Act, facts: Facts) -> object:
    if act is Act.EDIT and facts.kind in EDIT_WORDS:
        return EDIT_WORDS[facts.kind]
    return ACT_WORDS[act]
