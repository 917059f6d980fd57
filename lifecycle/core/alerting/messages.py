"""The words of an alert: a closed list of placeholders, replaced literally. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lifecycle.core.alerting.evaluate import SERVES_AGAIN, Ending
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.core.timing import durations

PLACEHOLDERS = ("service", "state", "reason", "since", "rule", "level")
NAMED_AT_MOST = 5
DEFAULT_MESSAGE = "{service} is {state}: {reason}"
SIGN_IN_MESSAGE = "{service} needs sign-in: it is up, but does not let the console in ({reason})"
TOOLS_MESSAGE = "{service}: {reason}"
MEASURED_MESSAGE = "{service}: {reason}"
# A person's text is never given to str.format: that would read attributes and fill memory at its bidding.
_BRACED = re.compile(r"\{([^{}]*)\}")


def unknown_placeholders(template: str) -> list[str]:
    """Everything between braces that is not on the list, in order, once each."""
    return list(dict.fromkeys(name for name in _BRACED.findall(template) if name not in PLACEHOLDERS))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put each value in its place in one pass, so that a value's own braces stay as they are."""
    return _BRACED.sub(lambda found: values.get(found[1], found[0]), template or DEFAULT_MESSAGE)


NEEDED_BY = r" \(needed by \d.*\)"
"""What `needed_by` adds, as a pattern."""


def needed_by(names: Sequence[str], unnamed: int = 0) -> str:
    """What is added to a message about a service that others need; empty where nobody does.

    *unnamed* are counted alone: the rule does not look at them.
    """
    every = len(names) + unnamed
    if not every:
        return ""
    services = "1 service" if every == 1 else f"{every} services"
    if not names:
        return f" (needed by {services} outside of this rule)"
    more = every - len(names[:NAMED_AT_MOST])
    listed = ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
    return f" (needed by {services}: {listed})"


MASS_MESSAGE = "{reason}"


def many_fail(failing: int, total: int) -> str:
    """What a mass failure is told as."""
    return f"{failing} of {total} services fail at once: check what they share"


def served_again(service: str | None, lasted: timedelta, how: str = "") -> str:
    """What the end says; without a service it is that of a mass failure."""
    again = f"{service or 'Most services'} serve{'s' if service else ''} again after {lasting(lasted)}"
    return f"{again}: {how}" if how else again


DOING: Mapping[Ending, str] = {
    Ending.RESTARTED: "restarted",
    Ending.RECONNECTED: "reconnected",
    Ending.STARTED: "started",
    Ending.RECONFIGURED: "its configuration was changed",
}
GONE: Mapping[Ending, str] = {
    Ending.STOPPED: "stopped",
    Ending.REMOVED: "removed",
    Ending.ARCHIVED: "archived",
}
RULE_ENDED: Mapping[Ending, str] = {
    Ending.RULE_OFF: "was disabled",
    Ending.RULE_CHANGED: "was changed",
    Ending.RULE_DELETED: "was deleted",
}


@dataclass(frozen=True, kw_only=True)
class End:
    """How an episode ended; *by* whom, if that was a person."""

    subject: Subject
    state: str
    rule: str
    ending: Ending
    by: str
    lasted: timedelta
    measured: bool = False


def ended(end: End) -> str:
    """What is told of an end, however it came."""
    by, lasted, who = f" by {end.by}" if end.by else "", lasting(end.lasted), end.subject.words
    service = None if end.subject.kind is Kind.FLEET else who
    if end.measured and end.ending in SERVES_AGAIN:
        return f"{who}: “{end.rule}” is over after {lasted}"
    if (doing := DOING.get(end.ending)) is not None:
        return served_again(service, end.lasted, f"{doing}{by}")
    if (gone := GONE.get(end.ending)) is not None:
        return f"{who} was {gone}{by}, {lasted} after the trouble began"
    if (what := RULE_ENDED.get(end.ending)) is not None:
        still = f"{who} is {end.state}" if service else f"the services are {end.state}"
        why = f"{what}{by}" if by or end.ending is not Ending.RULE_CHANGED else "no longer applies"
        return f"The rule “{end.rule}” {why}, so its alert ends; {still} now"
    if end.ending is Ending.SIGN_IN:
        return f"{who} answers again after {lasted}, but it needs sign-in"
    return served_again(service, end.lasted)


def lasting(time: timedelta) -> str:
    """A stretch of time for people, in its two largest units: "3 min 20 s"."""
    return durations.span(max(int(time.total_seconds()), 0))


NAMED, SENTENCES, LONGEST = 5, 3, 800


def tools_changed(
    changes: Sequence[tuple[str, str, Sequence[str]]], more: Sequence[str] = (), *, waiting: bool = False
) -> str:
    """What became of tools, each given by name, grade and what changed; the first few of them."""
    names = {name for name, _grade, _lines in changes}
    breaking = len({name for name, grade, _lines in changes if grade == "breaking"})
    count = f"{len(names)} tool{'s' * (len(names) != 1)} changed"
    count = f"more than {count}" if more else count
    head = f"{count}, {breaking} breaking" if breaking else count
    told = [
        f"{name[:80]} ({grade}): {'; '.join(lines[:SENTENCES])}" for name, grade, lines in changes[:NAMED]
    ]
    rest = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    text = " · ".join([head, *told, *rest, *more])
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f"{text} · waits for approval" if waiting else text
