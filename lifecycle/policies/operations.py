"""The policies in force, and the only place that changes them (requirements 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from lifecycle.core.policy import tuning
from lifecycle.core.policy.policy import PROFILES, Policy
from lifecycle.core.policy.tuning import SETTINGS, Plain, Setting
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, PolicyHead, PolicyProfile, ServicePolicy
from registry.access import audit
from registry.access.roles import at_least
from registry.errors import InvalidConfigError, NotAllowedError, RegistryError
from registry.models import Role, Service
from registry.services import register, store_rows

Changes = Mapping[str, Plain]


class ProfileNotFoundError(RegistryError):
    """There is no profile of this name."""

    code = "profile_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no profile {name[:40]!r}. Use one of {', '.join(PROFILES)}.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One setting of a policy: its value, what it would be without the change, and where it comes from.

    `source` is "service", "profile" (changed by a person) or "default".
    """

    setting: Setting
    value: Plain
    inherited: Plain
    source: str


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All that was changed, as the worker reads it at once."""

    revision: int
    profiles: dict[str, dict[str, Plain]]
    services: dict[int, dict[str, Plain]]

    def policy(self, service_id: int, profile: str, priority: str) -> Policy:
        """The policy of one service."""
        own = self.services.get(service_id)
        return tuning.for_service(profile, priority, self.profiles.get(profile, {}), own)


def revision() -> int:
    """Grows with each change."""
    return PolicyHead.objects.values_list("revision", flat=True).first() or 0


def rows() -> Rows:
    """Everything; the revision is read first, so that a change in between is noticed."""
    return Rows(
        revision=revision(),
        profiles=dict(PolicyProfile.objects.values_list("name", "changes")),
        services=dict(ServicePolicy.objects.values_list("service_id", "changes")),
    )


def profile(name: str) -> Policy:
    """A profile's settings as they are now, before any priority."""
    return tuning.tuned(_shipped(name), changes_of(name))


def changes_of(name: str) -> dict[str, Plain]:
    """What a person changed of a profile."""
    found = PolicyProfile.objects.filter(name=name).values_list("changes", flat=True).first()
    return found or {}


def own(service: Service) -> dict[str, Plain]:
    """The service's own settings."""
    found = ServicePolicy.objects.filter(service=service).values_list("changes", flat=True).first()
    return found or {}


def _layers(service: Service) -> tuple[dict[str, Plain], dict[str, Plain]]:
    """What was changed of the service's profile, and what is its own; no query if it came `with_layers`."""
    came = vars(service)
    if "own_changes" not in came:
        row = with_layers(Service.objects.filter(pk=service.pk).only("pk")).first()
        came = vars(row) if row else {}
    return came.get("profile_changes") or {}, came.get("own_changes") or {}


def with_layers(services: QuerySet[Service]) -> QuerySet[Service]:
    """Services that bring along what their policies are made of, for pages that ask for it more than once."""
    changed = PolicyProfile.objects.filter(name=OuterRef("profile")).values("changes")[:1]
    mine = ServicePolicy.objects.filter(service=OuterRef("pk")).values("changes")[:1]
    return services.annotate(profile_changes=Subquery(changed), own_changes=Subquery(mine))


def effective(service: Service) -> Policy:
    """What counts for one service; one small query."""
    return tuning.for_service(service.profile, service.priority, *_layers(service))


def described(service: Service) -> dict[str, dict[str, Plain]]:
    """A service's policy as REST gives it: its own settings, and all that are in force."""
    changes, mine = _layers(service)
    counting = tuning.for_service(service.profile, service.priority, changes, mine)
    return {"own": mine, "values": tuning.plain(counting)}


def profile_lines(name: str) -> list[Line]:
    """A profile, setting by setting; `inherited` is its default."""
    return _profile_lines(name, changes_of(name))


def _profile_lines(name: str, changes: Changes) -> list[Line]:
    shipped = tuning.plain(_shipped(name))
    return [
        _line(setting, shipped[key], changes, ("default", "profile")) for key, setting in SETTINGS.items()
    ]


def service_lines(service: Service) -> list[Line]:
    """A service's effective policy, setting by setting; `inherited` is what it would be without its own."""
    changes, mine = _layers(service)
    return [
        _line(line.setting, line.value, mine, (line.source, "service"))
        for line in _profile_lines(service.profile, changes)
    ]


def _line(setting: Setting, inherited: Plain, changes: Changes, sources: tuple[str, str]) -> Line:
    changed = setting.name in changes
    value = changes[setting.name] if changed else inherited
    return Line(setting=setting, value=value, inherited=inherited, source=sources[changed])


def _shipped(name: str) -> Policy:
    try:
        return PROFILES[name]
    except KeyError:
        raise ProfileNotFoundError(name) from None


def change_profile(
    name: str, changes: Mapping[str, Any], *, by: str, role: Role, now: datetime, whole: bool = False
) -> None:
    """Change settings of a profile; null is back to the default, *whole* forgets all earlier changes.

    InvalidConfigError if one is out of its range or contradicts another; nothing is changed then.
    """
    if not at_least(role, Role.ADMIN):
        raise NotAllowedError("Changing a profile requires the role admin, because it affects many services.")
    shipped = _shipped(name)
    with transaction.atomic():
        store_rows.lock_head()
        before = changes_of(name)
        after = tuning.differing(_merged({} if whole else before, changes), shipped)
        tuning.consistent(tuning.tuned(shipped, after), _changed_names(before, after))
        if after == before:
            return
        values = {"changes": after, "updated_by": by[:150], "updated_at": now}
        PolicyProfile.objects.update_or_create(name=name, defaults=values)
        told = _told(before, after)
        audit.note(by, "policy changed", f"profile {name}", told, now=now, before=before, after=after)
        _announce()


def reset_profile(name: str, *, by: str, role: Role, now: datetime) -> None:
    """Back to the defaults."""
    change_profile(name, {}, by=by, role=role, now=now, whole=True)


def change_service(
    name: str, changes: Mapping[str, Any] | None, *, by: str, role: Role, now: datetime, whole: bool = False
) -> bool:
    """Give one service its own settings; null takes one back, None all of them. Whether anything changed."""
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Changing the policy of a service requires the role operator.")
    with transaction.atomic():
        store_rows.lock_head()
        service = register.get(name)
        before = own(service)
        after = _merged({} if whole or changes is None else before, changes or {})
        base = tuning.tuned(_shipped(service.profile), changes_of(service.profile))
        after = tuning.differing(after, base)
        tuning.consistent(tuning.tuned(base, after), _changed_names(before, after))
        if after == before:
            return False
        _store_own(service, after, by, now)
        told = _told(before, after)
        audit.note(by, "policy changed", name, told, now=now, before=before, after=after)
        feed.note(FeedItem.Kind.SERVICE, service.pk, now)
        _announce()
        return True


def change_part(name: str, changes: Any, *, by: str, role: Role, now: datetime) -> bool:
    """The property `policy` of a change of a service."""
    if changes is not None and not isinstance(changes, dict):
        raise InvalidConfigError("policy", "must be an object", 'Write {"ping_timeout": 3}, or null')
    return change_service(name, changes, by=by, role=role, now=now)


def _store_own(service: Service, after: Changes, by: str, now: datetime) -> None:
    if not after:
        ServicePolicy.objects.filter(service=service).delete()
        return
    values = {"changes": dict(after), "updated_by": by[:150], "updated_at": now}
    ServicePolicy.objects.update_or_create(service=service, defaults=values)


def _merged(before: Changes, changes: Mapping[str, Any]) -> dict[str, Plain]:
    given = {name: value for name, value in changes.items() if value is not None}
    tuning.checked(dict.fromkeys(changes.keys() - given.keys() - SETTINGS.keys()))
    kept = {name: value for name, value in before.items() if name in SETTINGS and name not in changes}
    return kept | tuning.checked(given)


def _told(before: Changes, after: Changes) -> str:
    names = _changed_names(before, after)
    return ", ".join(f"{name} {before.get(name, '-')} → {after.get(name, '-')}" for name in names)


def _changed_names(before: Changes, after: Changes) -> list[str]:
    return [name for name in SETTINGS if before.get(name) != after.get(name)]


def _announce() -> None:
    PolicyHead.objects.get_or_create(pk=1)
    PolicyHead.objects.update(revision=F("revision") + 1)
