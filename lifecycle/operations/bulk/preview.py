"""The question before a bulk action begins: which services, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from lifecycle.models import Command
from lifecycle.operations.bulk import operations
from lifecycle.services.listing import filters as service_filters

Kind = Command.Kind
NAMED = 8
MOST_PICKED = 2000  # by hand, over many pages; more are chosen by a filter
WORDS: Mapping[str, Any] = {
    Kind.START: lazy("Start"),
    Kind.STOP: lazy("Stop"),
    Kind.RESTART: lazy("Restart"),
    Kind.CHECK: lazy("Check now"),
    Kind.RECONNECT: lazy("Reconnect now"),
    Kind.REFRESH_TOOLS: lazy("Refresh tools"),
    Kind.REMOVE: lazy("Remove"),
    Kind.RESTORE: lazy("Restore"),
    Kind.EDIT: lazy("Edit"),
    "force-stop": lazy("Force stop"),
}
CHOICES = {word: text for word, text in WORDS.items() if word not in (Kind.RESTORE, Kind.EDIT)}
"""What the buttons of the list begin; an edit has a dialog of its own."""
AT_HAND = Kind.RESTART.value
"""The one of these in the bar itself; the others are in its menu, those that destroy at its end."""
CONSEQUENCES: Mapping[str, Any] = {
    Kind.STOP: lazy("They are disconnected and stay stopped until someone starts them."),
    Kind.RESTART: lazy("Each is disconnected and connected again. Running tool calls are aborted."),
    Kind.REMOVE: lazy("They are removed from the list and from mcp.json. You can restore them for 7 days."),
    "force-stop": lazy("Their process trees are killed immediately, without a chance to save."),
}
DANGEROUS = frozenset({Kind.REMOVE.value, "force-stop"})


def bar() -> dict[str, list[tuple[str, Any]]]:
    """The buttons of the list: at hand, in the menu, and those that destroy."""
    found: dict[str, list[tuple[str, Any]]] = {"at_hand": [], "more": [], "dangerous": []}
    for word, text in CHOICES.items():
        kind = "dangerous" if word in DANGEROUS else "at_hand" if word == AT_HAND else "more"
        found[kind].append((word, text))
    return found


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was chosen in the list: these services, or all that match; `word` is the button's."""

    word: str
    ids: list[int] | None
    filters: dict[str, str] | None

    @property
    def action(self) -> str:
        return Kind.STOP.value if self.word == "force-stop" else self.word

    @property
    def force(self) -> bool:
        return self.word == "force-stop"


def choice(given: QueryDict) -> Choice:
    """Read the form of the list, or of the question."""
    word = given.get("action", "")
    if not given.get("everything"):
        picked = [
            int(one) for one in given.getlist("pick") if one.isascii() and one.isdigit() and len(one) < 19
        ]
        return Choice(word=word, ids=picked[:MOST_PICKED], filters=None)
    narrowed = service_filters.parse({key: given.get(key, "") for key in given})
    kept = {key: getattr(narrowed, key) for key in service_filters.NARROWING}
    return Choice(word=word, ids=None, filters={key: value for key, value in kept.items() if value})


def count(chosen: Choice) -> int:
    """How many services are meant now."""
    return len(operations.meant(chosen.ids, chosen.filters))


def names(chosen: Choice) -> list[str] | None:
    """The names of those that were chosen one by one."""
    return None if chosen.ids is None else [name for _pk, name in operations.meant(chosen.ids)]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the confirmation says."""

    title: str
    consequence: str
    button: str
    count: int
    named: list[str]
    more: int
    waves: int
    dangerous: bool


def question(chosen: Choice) -> Question:
    """How many would be met, and what becomes of them. InvalidConfigError where nobody is meant."""
    operations.check_action(chosen.action)
    found = sorted(name for _pk, name in operations.meant(chosen.ids, chosen.filters))
    if not found:
        operations.refuse_nobody(chosen.ids)
    word = str(WORDS[chosen.word])
    title = ngettext("%(word)s %(n)s service?", "%(word)s %(n)s services?", len(found))
    return Question(
        title=title % {"word": word, "n": f"{len(found):,}"},
        consequence=str(CONSEQUENCES.get(chosen.word, "")),
        button=word,
        count=len(found),
        named=found[:NAMED],
        more=max(0, len(found) - NAMED),
        waves=len(operations.waves_of(found, chosen.action)),
        dangerous=chosen.word in DANGEROUS,
    )
