"""The plan of one entry: what it would become, or why it cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from registry.core.clients import summary
from registry.core.clients.summary import Understood
from registry.core.clients.translation import Translation
from registry.core.documents import reading
from registry.core.documents.dialects import Found
from registry.core.documents.places import Place, shorten, show
from registry.core.entries import entry as entries
from registry.core.entries import filling, needs, transport
from registry.core.entries import names as entry_names
from registry.core.entries.entry import Entry, ServiceConfig
from registry.core.secrecy import hidden_changes
from registry.errors import InvalidConfigError
from registry.installation import allowlist, egress
from registry.models import Desired, Service

LONGEST_VALUE = 64 * 1024
STAND_INS = ("value", "8080", "https://example.org/")


@dataclass(kw_only=True)
class Plan:
    """One entry: what it would become, or why it cannot be taken.

    `reused` are placeholders that take a value which was given for another service; `unseen` are places whose
    hidden value changes; `unseen_needs` are services that it depends on and whoever registers does not see;
    `came_from` is the origin that its requests went to before. `guessed`: nobody gave the name. `filled` are
    all values that it is used with, by the names of their references.
    """

    name: str
    place: Place
    service: Service | None = None
    error: InvalidConfigError | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    meaning: Translation | None = None
    entry: Entry | None = None
    missing: tuple[str, ...] = ()
    writes: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict, repr=False)
    inherited: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    unseen: list[Place] = field(default_factory=list)
    links: dict[str, Place] = field(default_factory=dict)
    unseen_needs: frozenset[str] = frozenset()
    link_key: str = needs.KEY
    guessed: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    relinked: bool = False
    came_from: str = ""
    changed: bool = True
    reconfigured: bool = True

    @property
    def outcome(self) -> str:
        if self.error is not None:
            return "invalid"
        if self.service is None:
            return "created"
        return "updated" if self.changed else "unchanged"

    @property
    def origin(self) -> str:
        """Where its requests go, with every value filled in; empty for a command."""
        return transport.origin(self.entry.config.url) if self.entry else ""

    @property
    def going(self) -> str:
        """Where its requests go, where that is new; for the audit and for people."""
        if not self.origin or self.origin == self.came_from:
            return ""
        return f"from {self.came_from} to {self.origin}" if self.came_from else f"to {self.origin}"

    def notes(self) -> list[str]:
        """What a person should know of it that neither the entry nor the difference shows."""
        if self.entry is None:
            return []
        understood = self.meaning.notes if self.meaning else ()
        said = [f"{show(self.place)}: {note}" for note in understood]
        said += [f"{show(self.place)}: takes the value of {name} that is stored here" for name in self.reused]
        said += [
            f"{show((*self.place, *at))}: gets another value" for at in self.unseen[: hidden_changes.MOST]
        ]
        more = len(self.unseen) - hidden_changes.MOST
        said += [f"{show(self.place)}: {more} more hidden values change"] if more > 0 else []
        said += [f"{show(self.place)}: its requests go {self.going}"] if self.came_from and self.going else []
        archived = self.service is not None and self.service.archived_at is not None
        return said + ([f"{show(self.place)}: comes back from the archive"] if archived else [])

    @property
    def understood(self) -> Understood | None:
        """What was understood of it; None where it could not be read."""
        if self.entry is None or self.meaning is None:
            return None
        on = self.desired() == Desired.RUNNING
        return summary.understood(self.meaning, self.entry.config, self.stored, on=on)

    def desired(self) -> str:
        """What the entry says; where it says nothing, as it was, and running for a new one."""
        if self.entry is not None and self.entry.enabled is not None:
            return Desired.RUNNING if self.entry.enabled else Desired.STOPPED
        return self.service.desired if self.service else Desired.RUNNING


def stdio_possible(config: ServiceConfig) -> bool:
    """Whether this installation starts such a command at all."""
    return settings.STDIO == "admin" or (settings.STDIO == "allowlist" and allowlist.allows(config))


def config_of(entry: Mapping[str, Any], values: Mapping[str, str], place: Place) -> ServiceConfig | None:
    """The configuration of a stored entry; None where a value is missing or it would not be taken today."""
    try:
        return entries.parse(filling.fill(entry, values), place).config
    except (filling.MissingValueError, InvalidConfigError):
        return None


def named(item: Found, renames: Mapping[str, str]) -> Plan:
    """A plan under the entry's name, or the one that corrects it; with an error where neither is possible."""
    given = item.name if isinstance(item.name, str) else ""
    shown = shorten(given, entry_names.LIMIT)
    plan = Plan(name=shown, place=item.place)
    try:
        reading.check(given, item.place)
        other = renames.get(show(item.place)) or renames.get(given) or renames.get(shown)
        plan.name = entry_names.check(other or item.name, item.place)
        plan.guessed = item.guessed and not other
        plan.error = item.problem
    except InvalidConfigError as exc:
        plan.error = item.problem or exc
    return plan


def refuse_doubles(plans: Sequence[Plan]) -> None:
    """The first of a name is taken, later ones get an error."""
    seen: set[str] = set()
    taken = {plan.name for plan in plans}
    for plan in plans:
        if plan.error is None and plan.name in seen:
            better = entry_names.beside(plan.name, plan.place, taken)
            what = f'has the name "{plan.name}" of another entry'
            remedy = f'Rename it, for instance "{better}"'
            plan.error = InvalidConfigError(show(plan.place), what, remedy, suggestion=better)
            taken.add(better)
        seen.add(plan.name)


def parsed(plan: Plan, filled: Mapping[str, str]) -> Entry:
    """The checked entry; with values still missing it is checked with likely ones in their place."""
    if not plan.missing:
        return _parse(plan, filled)
    errors: list[InvalidConfigError] = []
    for stand_in in STAND_INS:
        absent = dict.fromkeys(filling.references(plan.stored) - filled.keys(), stand_in)
        try:
            return _parse(plan, {**filled, **absent})
        except InvalidConfigError as exc:
            errors.append(exc)
    raise errors[0]


def _parse(plan: Plan, values: Mapping[str, str]) -> Entry:
    return entries.parse(filling.fill(plan.stored, values), plan.place, egress.rule())


def checked_value(value: object, asked: str) -> str:
    """An answer to a placeholder, when it can be one."""
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_VALUE:
        raise InvalidConfigError(asked, "is not a text of at most 64 KiB", "Give it as text")
    reading.check(value, (asked,))
    return value
