"""What a document would do to the registry: read, checked and compared, entry by entry. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from registry import allowlist, secrets
from registry.access.roles import at_least
from registry.core import entry as entries
from registry.core import filling, names, reading, secrecy, transport
from registry.core.dialects import URL_KEYS, Found
from registry.core.entry import Entry, ServiceConfig
from registry.core.hiding import Cut
from registry.core.places import Place, shorten, show
from registry.errors import InvalidConfigError
from registry.models import Desired, Role, Secret, Service

CHUNK = 500
LONGEST_VALUE = 64 * 1024
STAND_INS = ("value", "8080", "https://example.org/")


@dataclass(kw_only=True)
class Plan:
    """One entry: what it would become, or why it cannot be taken."""

    name: str
    place: Place
    service: Service | None = None
    error: InvalidConfigError | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    entry: Entry | None = None
    missing: tuple[str, ...] = ()
    writes: dict[str, str] = field(default_factory=dict)
    changed: bool = True
    reconfigured: bool = True

    @property
    def outcome(self) -> str:
        if self.error is not None:
            return "invalid"
        if self.service is None:
            return "created"
        return "updated" if self.changed else "unchanged"

    def desired(self) -> str:
        """What the entry says; where it says nothing, as it was, and running for a new one."""
        if self.entry is not None and self.entry.enabled is not None:
            return Desired.RUNNING if self.entry.enabled else Desired.STOPPED
        return self.service.desired if self.service else Desired.RUNNING


class Planner:
    """Plans for all entries of one document, in a handful of queries whatever their number."""

    def __init__(self, role: Role, values: Mapping[str, str]) -> None:
        self._admin = at_least(role, Role.ADMIN)
        self._values = values
        self._services: dict[str, Service] = {}
        self._secrets: dict[str, Secret] = {}
        self._owners: dict[int, str] = {}
        self._claimed: dict[str, str] = {}

    def plan(self, found: Sequence[Found], renames: Mapping[str, str]) -> list[Plan]:
        """One plan each, in the document's order."""
        plans = [_named(item, renames) for item in found]
        _refuse_doubles(plans)
        self._load_services({plan.name for plan in plans if plan.error is None})
        for item, plan in zip(found, plans, strict=True):
            if plan.error is None:
                self._guarded(plan, self._prepare, item)
        cuts = {id(plan): self._cut(plan) for plan in plans if plan.error is None}
        self._load_secrets(cuts.values())
        for plan in plans:
            if plan.error is None:
                self._guarded(plan, self._decide, cuts[id(plan)])
        return plans

    @staticmethod
    def _guarded(plan: Plan, step: Any, given: Any) -> None:
        try:
            step(plan, given)
        except InvalidConfigError as exc:
            plan.error = exc

    def _load_services(self, wanted: set[str]) -> None:
        for chunk in _chunks(wanted):
            for service in Service.objects.filter(removed_at=None, name__in=chunk):
                self._services[service.name] = service
                self._owners[service.pk] = service.name
            # A removed service leaves its values to the next of its name, so that a removal can be undone.
            gone = Service.objects.filter(removed_at__isnull=False, name__in=chunk)
            self._owners.update(gone.values_list("pk", "name"))

    def _load_secrets(self, cuts: Iterable[Cut]) -> None:
        wanted = {name for cut in cuts for name in (*cut.literals, *cut.asks.values())}
        for service in self._services.values():
            wanted |= filling.references(service.entry)
        for chunk in _chunks(wanted):
            for secret in Secret.objects.filter(name__in=chunk):
                self._secrets[secret.name] = secret

    def _prepare(self, plan: Plan, item: Found) -> None:
        """The entry as it was typed: whole, and with dots put back to what they hid."""
        if item.problem is not None:
            raise item.problem
        plan.service = self._services.get(plan.name)
        reading.check(item.raw, plan.place)
        if not isinstance(item.raw, dict):
            entries.parse(item.raw, plan.place)
        plan.stored = filling.unmask(item.raw, plan.service.entry if plan.service else None, plan.place)

    def _kept(self, plan: Plan) -> set[str]:
        """References that may stay: only an admin may send old values to a new address."""
        if plan.service is None:
            return set()
        before = filling.all_references(plan.service.entry)
        if self._admin:
            return before
        same = _origin(plan.stored) == _origin(plan.service.entry) != ""
        return {name for name in before if name not in self._values} if same else set()

    def _cut(self, plan: Plan, avoid: frozenset[str] = frozenset()) -> Cut:
        return secrecy.cut(
            plan.name,
            plan.stored,
            answered=self._values.keys(),
            own=not self._admin,
            kept=self._kept(plan),
            avoid=avoid,
        )

    def _decide(self, plan: Plan, cut: Cut) -> None:
        avoid: frozenset[str] = frozenset()
        while foreign := self._foreign(plan.name, cut) - avoid:
            avoid |= foreign
            cut = self._cut(plan, avoid)
            self._load_secrets([cut])
        if self._foreign(plan.name, cut):
            raise InvalidConfigError(
                show(plan.place), "keeps a value under another service's name", "Rename it"
            )
        self._claimed.update(dict.fromkeys((*cut.literals, *cut.asks.values()), plan.name))
        known, plan.missing = self._answers(plan, cut)
        plan.stored, plan.writes = cut.entry, {**cut.literals, **known.given}
        filled = {**cut.literals, **known.given, **known.old}
        plan.entry = _parsed(plan, filled)
        self._refuse_forbidden(plan, plan.entry.config)
        if plan.missing:
            what = f"needs {'values' if len(plan.missing) > 1 else 'a value'} for {', '.join(plan.missing)}"
            raise InvalidConfigError(show(plan.place), what, "Give it and save again", asks=plan.missing)
        self._compare(plan, plan.service)

    def _foreign(self, name: str, cut: Cut) -> frozenset[str]:
        """Names of secrets that would be ours but belong to another service."""
        mine = {secret for secret in (*cut.literals, *cut.asks.values()) if "." in secret}
        return frozenset(secret for secret in mine if self._owner(secret) not in (None, name))

    def _owner(self, secret: str) -> str | None:
        row = self._secrets.get(secret)
        if row is None:
            return self._claimed.get(secret)
        return self._owners.get(row.service_id, "?") if row.service_id else None

    @dataclass(frozen=True)
    class _Answers:
        given: dict[str, str]
        old: dict[str, str]

    def _answers(self, plan: Plan, cut: Cut) -> tuple[_Answers, tuple[str, ...]]:
        answers, missing, kept = self._Answers({}, {}), [], self._kept(plan)
        for asked, secret in cut.asks.items():
            if asked in self._values:
                answers.given[secret] = _value(self._values[asked], asked)
            elif self._may_use(secret, kept, plan.name):
                answers.old[secret] = secrets.unseal(self._secrets[secret].ciphertext)
            else:
                missing.append(asked)
        return answers, tuple(missing)

    def _may_use(self, secret: str, kept: set[str], name: str) -> bool:
        row = self._secrets.get(secret)
        if row is None or (row.service_id is not None and self._owners.get(row.service_id) != name):
            return False
        return self._admin or secret in kept

    def _refuse_forbidden(self, plan: Plan, config: ServiceConfig) -> None:
        if config.transport != transport.STDIO:
            return
        at = show((*plan.place, "command"))
        if settings.STDIO == "off":
            raise InvalidConfigError(at, "starts a command, which is switched off here", "Give a url instead")
        if not self._admin:
            raise InvalidConfigError(
                at, "starts a command, which only an admin may add", "Ask an admin to add it"
            )
        if not stdio_possible(config):
            raise InvalidConfigError(
                at, "is not on the list of allowed commands", f"Add it to {allowlist.path()}"
            )

    def _compare(self, plan: Plan, service: Service | None) -> None:
        if service is None or plan.entry is None:
            return
        old = {
            name: secrets.unseal(row.ciphertext)
            for name in filling.references(service.entry) | plan.writes.keys()
            if (row := self._secrets.get(name))
            and self._owners.get(row.service_id or 0) in (None, service.name)
        }
        same_values = all(old.get(name) == value for name, value in plan.writes.items())
        plan.changed = not (
            plan.stored == service.entry
            and same_values
            and plan.desired() == service.desired
            and service.archived_at is None
        )
        plan.reconfigured = plan.changed and _config(service.entry, old, plan.place) != plan.entry.config


def stdio_possible(config: ServiceConfig) -> bool:
    """Whether this installation starts such a command at all."""
    return settings.STDIO == "admin" or (settings.STDIO == "allowlist" and allowlist.allows(config))


def _config(entry: Mapping[str, Any], values: Mapping[str, str], place: Place) -> ServiceConfig | None:
    try:
        return entries.parse(filling.fill(entry, values), place).config
    except (filling.MissingValueError, InvalidConfigError):
        return None


def _named(item: Found, renames: Mapping[str, str]) -> Plan:
    given = item.name if isinstance(item.name, str) else ""
    plan = Plan(name=shorten(given, 64), place=item.place)
    try:
        reading.check(given, item.place)
        plan.name = names.check(renames.get(given, item.name), item.place)
    except InvalidConfigError as exc:
        plan.error = item.problem or exc
    return plan


def _refuse_doubles(plans: Sequence[Plan]) -> None:
    seen: set[str] = set()
    for plan in plans:
        if plan.error is None and plan.name in seen:
            plan.error = InvalidConfigError(
                show(plan.place), f'has the name "{plan.name}" of another entry', "Rename it"
            )
        seen.add(plan.name)


def _parsed(plan: Plan, filled: Mapping[str, str]) -> Entry:
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
    return entries.parse(filling.fill(plan.stored, values), plan.place, strict=settings.EGRESS_STRICT)


def _value(value: object, asked: str) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_VALUE:
        raise InvalidConfigError(asked, "is not a text of at most 64 KiB", "Give it as text")
    reading.check(value, (asked,))
    return value


def _origin(entry: Mapping[str, Any]) -> str:
    url = next((entry[key] for key in URL_KEYS if isinstance(entry.get(key), str)), "")
    return transport.origin(url) if url else ""


def _chunks(items: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(items)
    return (ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK))
