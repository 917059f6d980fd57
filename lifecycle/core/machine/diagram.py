"""The state diagram of the docs, drawn from the table so that it cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterator

from lifecycle.core.machine.states import TRANSITIONS, State

BEGIN = "<!-- drawn from lifecycle/core/machine/states.py: begin -->"
END = "<!-- drawn from lifecycle/core/machine/states.py: end -->"


def _arrows() -> Iterator[str]:
    yield f"[*] --> {State.INITIALIZING}: registered, to run"
    yield f"[*] --> {State.DISCONNECTED}: registered, stopped"
    for state, moves in TRANSITIONS.items():
        targets = dict.fromkeys(moves.values())
        for after in targets:
            events = ", ".join(event.value for event, to in moves.items() if to is after)
            yield f"{state} --> {after}: {events}"


def mermaid() -> str:
    """The table as a Mermaid state diagram, one arrow for each pair of states."""
    return "\n".join(["stateDiagram-v2", *(f"    {arrow}" for arrow in _arrows())])


def placed(document: str) -> str:
    """*document* with the diagram between its two markers; ValueError if it lacks one."""
    head, begin, rest = document.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document must hold {BEGIN!r} and, after it, {END!r}")
    return f"{head}{BEGIN}\n```mermaid\n{mermaid()}\n```\n{END}{tail}"
