"""One entry on its way into the registry: what it would become, or why it cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from registry import allowlist, reach
from registry.core import entry as entries
from registry.core import filling, names, needs, reading, transport, unseen
from registry.core.dialects import URL_KEYS, Found
from registry.core.entry import Entry, ServiceConfig
from registry.core.places import Place, shorten, show
from registry.errors import InvalidConfigError
from registry.models import Desired, Service

LONGEST_VALUE = 64 * 1024
STAND_INS = ("value", "8080", "https://example.org/")


@dataclass(kw_only=True)
class Plan:
    """One entry: what it would become, or why it cannot be taken.

    `reused` are placeholders that take a value which was given for another service; `unseen` are places whose
    hidden value changes.
    """

    name: str
    place: Place
    service: Service | None = None
    error: InvalidConfigError | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    entry: Entry | None = None
    missing: tuple[str, ...] = ()
    writes: dict[str, str] = field(default_factory=dict)
    inherited: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    unseen: list[Place] = field(default_factory=list)
    links: dict[str, Place] = field(default_factory=dict)
    link_key: str = needs.KEY
    renamed: Mapping[str, str] = field(default_factory=dict)
    relinked: bool = False
    changed: bool = True
    reconfigured: bool = True

    @property
    def outcome(self) -> str:
        if self.error is not None:
            return "invalid"
        if self.service is None:
            return "created"
        return "updated" if self.changed else "unchanged"

    def notes(self) -> list[str]:
        """What a person should know of it that neither the entry nor the difference shows."""
        if self.entry is None:
            return []
        said = [f"{show(self.place)}: takes the value of {name} that is stored here" for name in self.reused]
        said += [f"{show((*self.place, *at))}: gets another value" for at in self.unseen[: unseen.MOST]]
        more = len(self.unseen) - unseen.MOST
        said += [f"{show(self.place)}: {more} more hidden values change"] if more > 0 else []
        archived = self.service is not None and self.service.archived_at is not None
        return said + ([f"{show(self.place)}: comes back from the archive"] if archived else [])

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
    shown = shorten(given, names.LIMIT)
    plan = Plan(name=shown, place=item.place)
    try:
        reading.check(given, item.place)
        plan.name = names.check(renames.get(given) or renames.get(shown) or item.name, item.place)
    except InvalidConfigError as exc:
        plan.error = item.problem or exc
    return plan


def refuse_doubles(plans: Sequence[Plan]) -> None:
    """The first of a name is taken, later ones get an error."""
    seen: set[str] = set()
    for plan in plans:
        if plan.error is None and plan.name in seen:
            plan.error = InvalidConfigError(
                show(plan.place), f'has the name "{plan.name}" of another entry', "Rename it"
            )
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
    return entries.parse(filling.fill(plan.stored, values), plan.place, reach.rule())


def checked_value(value: object, asked: str) -> str:
    """An answer to a placeholder, when it can be one."""
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_VALUE:
        raise InvalidConfigError(asked, "is not a text of at most 64 KiB", "Give it as text")
    reading.check(value, (asked,))
    return value


def origin(entry: Mapping[str, Any]) -> str:
    """Where a stored entry's requests go; empty for a command."""
    url = next((entry[key] for key in URL_KEYS if isinstance(entry.get(key), str)), "")
    return transport.origin(url) if url else ""
