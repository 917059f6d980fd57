"""Plan a whole document: read, checked and compared, entry by entry. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from registry.access.roles import at_least
from registry.core.clients.translation import translated
from registry.core.documents import optional, reading
from registry.core.documents.dialects import Found
from registry.core.documents.formats import backslashes
from registry.core.documents.places import show
from registry.core.entries import entry as entries
from registry.core.entries import fields, filling, needs, transport
from registry.core.entries import names as entry_names
from registry.core.entries.entry import Entry, ServiceConfig
from registry.core.entries.placeholders import alike
from registry.core.scope import EVERYTHING, Limits
from registry.core.secrecy import redact
from registry.core.secrecy.hidden_changes import hidden_changes
from registry.core.secrecy.primitives import Cut
from registry.errors import InvalidConfigError
from registry.installation import allowlist
from registry.models import Role, Secret, Service
from registry.models.limits import current, unlimited
from registry.secrets import vault
from registry.services import kept_values
from registry.services.plan import (
    Plan,
    checked_value,
    config_of,
    named,
    parsed,
    refuse_doubles,
    stdio_possible,
)
from registry.services.within import Bounds

CHUNK = 500
_REACHED = ("command", "args", "url")
Named = tuple[Found, Plan]


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """Values for what an entry asks: just given, or kept from before; `missing` are neither."""

    given: dict[str, str] = field(default_factory=dict)
    old: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def name_all(found: Sequence[Found], renames: Mapping[str, str]) -> list[Named]:
    """Each entry with a plan under its name; of two of one name only the first can be taken."""
    plans = [named(item, renames) for item in found]
    refuse_doubles(plans)
    renamed = {
        old: plan.name
        for item, plan in zip(found, plans, strict=True)
        for old in (item.given, item.name)
        if isinstance(old, str) and old != plan.name and plan.error is None
    }
    for plan in plans:
        plan.renamed = renamed
    return list(zip(found, plans, strict=True))


class Planner:
    """Plans for all entries of one document, in a handful of queries whatever their number."""

    def __init__(self, role: Role, values: Mapping[str, str]) -> None:
        self._admin = at_least(role, Role.ADMIN)
        self._values = values
        self._services: dict[str, Service] = {}
        self._secrets: dict[str, Secret] = {}
        self._owners: dict[int, str] = {}
        self._claimed: dict[str, str] = {}
        self._bounds = Bounds(EVERYTHING)

    def plan(self, named: Sequence[Named]) -> list[Plan]:
        """One plan each, in the document's order; for who sees some services only, of what they may do."""
        limits = current()
        with unlimited():
            return self._plan(named, limits)

    def _plan(self, named: Sequence[Named], limits: Limits) -> list[Plan]:
        plans = [plan for _item, plan in named]
        self._load_services({plan.name for plan in plans if plan.error is None})
        self._bounds = Bounds(limits, self._services.values())
        for item, plan in named:
            if plan.error is None:
                self._guarded(plan, self._prepare, item)
        services = self._services.values()
        self._load_named({name for one in services for name in filling.references(one.entry)})
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
        self._load_named({name for cut in cuts for name in (*cut.literals, *cut.asks.values())})

    def _load_named(self, wanted: set[str]) -> None:
        for chunk in _chunks(wanted - self._secrets.keys()):
            for secret in Secret.objects.filter(name__in=chunk):
                self._secrets[secret.name] = secret

    def _prepare(self, plan: Plan, item: Found) -> None:
        """The entry as it was typed: whole, and with dots put back to what they hid."""
        if item.problem is not None:
            raise item.problem
        plan.service = self._services.get(plan.name)
        self._bounds.refuse_hidden(plan)
        if plan.guessed and plan.service is not None:
            self._refuse_guess(plan, item, plan.service)
        reading.check(item.raw, plan.place)
        if isinstance(item.raw, dict):
            backslashes.check(item.raw, plan.place)
        if not isinstance(item.raw, dict):
            entries.parse(item.raw, plan.place)
        before = plan.service.entry if plan.service else {}
        raw = (
            optional.without_unset(item.raw, item.optional, self._values, before)
            if item.optional
            else item.raw
        )
        raw = filling.unmask(raw, plan.service.entry if plan.service else None, plan.place)
        raw = self._bounds.put_back(plan, raw)
        plan.meaning = translated(item, raw)
        plan.stored = plan.meaning.entry

    def _refuse_guess(self, plan: Plan, item: Found, service: Service) -> None:
        """A name that we made up takes nobody's service; typing the same once more is no change."""
        if all(alike(service.entry.get(key), item.raw.get(key)) for key in _REACHED):
            return
        better = entry_names.beside(plan.name, (), self._services.keys() | {plan.name})
        raise InvalidConfigError(
            show(plan.place),
            f'would change the service "{plan.name}", but the name is only a guess',
            f'Name it, for instance "{better}"',
            suggestion=better,
        )

    def _kept(self, plan: Plan) -> set[str]:
        """References that may stay: only an admin may send old values to a new address."""
        if plan.service is None:
            return set()
        if self._admin:
            return filling.all_references(plan.service.entry)
        return kept_values.kept(plan.stored, plan.service, self._values, self._secrets)

    def _cut(self, plan: Plan, avoid: frozenset[str] = frozenset()) -> Cut:
        return redact.cut(
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
        known = self._answers(plan, cut)
        plan.missing = tuple(known.missing)
        plan.stored, plan.writes = cut.entry, {**cut.literals, **known.given}
        plan.filled = {**cut.literals, **known.given, **known.old}
        plan.entry = parsed(plan, plan.filled)
        self._link(plan, plan.entry)
        self._refuse_forbidden(plan, plan.entry.config)
        if plan.missing:
            many = len(plan.missing) > 1
            what = f"needs {'values' if many else 'a value'} for {', '.join(plan.missing)}"
            remedy = f"Give {'them' if many else 'it'}, and save"
            raise InvalidConfigError(show(plan.place), what, remedy, asks=plan.missing)
        self._compare(plan, plan.service)
        self._bounds.refuse_outside(plan)

    def _link(self, plan: Plan, entry: Entry) -> None:
        """What it depends on, under the names that this import gives, and spelled as we write it."""
        plan.link_key = needs.key_of(plan.stored)
        given = [fields.as_text(item) for item in plan.stored.get(plan.link_key) or ()]
        for name in entry.depends_on:
            place = (*plan.place, plan.link_key, given.index(name))
            plan.links.setdefault(plan.renamed.get(name, name), place)
        before = needs.stored(plan.service.entry) if plan.service else []
        plan.relinked = list(plan.links) != before
        if entry.depends_on:
            plan.stored = needs.written(plan.stored, list(plan.links))

    def _foreign(self, name: str, cut: Cut) -> frozenset[str]:
        """Names of secrets that would be ours but belong to another service."""
        mine = {secret for secret in (*cut.literals, *cut.asks.values()) if "." in secret}
        return frozenset(secret for secret in mine if self._owner(secret) not in (None, name))

    def _owner(self, secret: str) -> str | None:
        row = self._secrets.get(secret)
        if row is None:
            return self._claimed.get(secret)
        return self._owners.get(row.service_id, "?") if row.service_id else None

    def _answers(self, plan: Plan, cut: Cut) -> _Answers:
        answers, kept = _Answers(), self._kept(plan)
        for asked, secret in cut.asks.items():
            if asked in self._values:
                answers.given[secret] = checked_value(self._values[asked], asked)
            elif self._may_use(secret, kept, plan.name):
                row = self._secrets[secret]
                answers.old[secret] = vault.unseal(row.ciphertext)
                if row.service_id is None and secret not in kept:
                    plan.reused.append(asked)
                if row.service_id is not None and (plan.service is None or row.service_id != plan.service.pk):
                    plan.inherited.append(secret)
            else:
                answers.missing.append(asked)
        return answers

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
            raise InvalidConfigError(at, "runs a command, which is disabled here", "Give a url instead")
        if not self._admin and not self._starts_the_same(plan, config):
            raise InvalidConfigError(
                at, "runs a command, which only an admin can add", "Ask an admin to add it", role=Role.ADMIN
            )
        if settings.STDIO == "allowlist" and (steering := allowlist.steering(config)):
            raise InvalidConfigError(
                show((*plan.place, "env", steering[0])),
                "could make an allowed command run something else",
                "Take it out, or set it for the whole console",
            )
        if not stdio_possible(config):
            raise InvalidConfigError(
                at, "is not on the list of allowed commands", f"Add it to {allowlist.path()}"
            )

    def _starts_the_same(self, plan: Plan, config: ServiceConfig) -> bool:
        """Whether exactly this was approved, so that only what the console says of it changes."""
        service = plan.service
        return (
            service is not None
            and kept_values.same_program(plan.stored, service, self._values)
            and vault.matches(config, service.approved_hash)
        )

    def _compare(self, plan: Plan, service: Service | None) -> None:
        if service is None or plan.entry is None:
            return
        old = {
            name: vault.unseal(row.ciphertext)
            for name in filling.references(service.entry) | plan.writes.keys()
            if (row := self._secrets.get(name))
            and self._owners.get(row.service_id or 0) in (None, service.name)
        }
        renewed = {name for name, value in plan.writes.items() if old.get(name) != value}
        plan.unseen = hidden_changes(service.entry, plan.stored, renewed)
        plan.changed = not (
            plan.stored == service.entry
            and not renewed
            and plan.desired() == service.desired
            and service.archived_at is None
        )
        before = config_of(service.entry, old, plan.place)
        plan.came_from = transport.origin(before.url) if before else ""
        plan.reconfigured = plan.changed and before != plan.entry.config


def _chunks(items: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(items)
    return (ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK))
