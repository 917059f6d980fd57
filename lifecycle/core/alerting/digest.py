"""One message for many alerts: what it counts and its headline; `fitting` cuts its list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL")
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a group holds. `still` of the groups that its ends belong to are firing yet."""

    firing: int
    resolved: int
    reminders: int = 0
    still: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing fires any more of all that this message, and those before it, told of."""
        return not (self.firing or self.reminders or self.still)


def worst(levels: Sequence[str]) -> str:
    """The most severe of them."""
    return max(levels, key=LEVELS.index)


def headline(counts: Counts, services: Sequence[str], rules: Sequence[str], shared: Sequence[str]) -> str:
    """What a phone shows of it: how many, of what, and what they have in common."""
    parts = []
    if counts.firing:
        parts.append(f"{_many(counts.firing, 'alert')} firing")
    if counts.reminders:
        parts.append(f"{_many(counts.reminders, 'alert')} still firing")
    if counts.resolved:
        parts.append(f"{_many(counts.resolved, 'alert')} resolved")
    if counts.still:
        parts.append(f"{counts.still} of the same message still firing")
    text = ", ".join(parts)
    if shared:
        text += f" ({'; '.join(shared)})"
    named = f"{text}: {listed(services)}" if services else text
    return f"{named} [{listed(rules)}]" if rules else named


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def listed(names: Sequence[str], at_most: int = NAMED) -> str:
    """The first few names and how many more there are."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")
