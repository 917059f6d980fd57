"""The only place that changes the options of monitoring (requirements 3.10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from lifecycle.alerts.rules import cooldown
from lifecycle.core.monitoring import options
from lifecycle.core.monitoring.options import OF_POLICY, OPTIONS, OWN, Value
from lifecycle.models import MonitoringSettings
from lifecycle.monitoring.settings import queries
from lifecycle.policies import operations as policies
from registry.access import audit
from registry.access.roles import at_least
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import Role
from registry.services import store_rows


def change(
    changes: Mapping[str, Any], *, by: str, role: Role, now: datetime, whole: bool = False
) -> dict[str, Value]:
    """Change options; null is back to the default, *whole* forgets earlier changes. Returns what differs now.

    InvalidConfigError if one is out of its range or contradicts another; nothing is changed then.
    """
    if not at_least(role, Role.ADMIN):
        raise NotAllowedError("Changing monitoring settings requires the role admin.")
    wanted = options.checked(changes)
    if whole:
        wanted = {name: option.default for name, option in OPTIONS.items()} | wanted
    with transaction.atomic():
        store_rows.lock_head()
        _change_policy(wanted, by=by, role=role, now=now)
        _change_own(wanted, by, now)
    return {line.option.name: line.value for line in queries.lines() if line.changed}


def _change_policy(wanted: Mapping[str, Value], **who: Any) -> None:
    part = {OPTIONS[name].policy: value for name, value in wanted.items() if OPTIONS[name].policy}
    try:
        policies.change_profile(queries.PROFILE, part, **who)
    except InvalidConfigError as exc:
        name = exc.where.rpartition(".")[2]
        raise InvalidConfigError(OF_POLICY.get(name, name), exc.what, exc.remedy) from None


def _change_own(wanted: Mapping[str, Value], by: str, now: datetime) -> None:
    before = queries.stored()
    merged = before | {name: value for name, value in wanted.items() if name in OWN}
    after = {name: value for name, value in merged.items() if name in OWN and value != OWN[name].default}
    if after == before:
        return
    row = {"changes": after, "updated_by": by[:150], "updated_at": now}
    MonitoringSettings.objects.update_or_create(pk=1, defaults=row)
    action, told = "monitoring settings changed", _told(before, after)
    audit.note(by, action, "monitoring", told, now=now, before=before, after=after)
    cooldown.follow(options.read(before).alert_cooldown, options.read(after).alert_cooldown)


def _told(before: Mapping[str, Value], after: Mapping[str, Value]) -> str:
    """The audit's detail: each option that changed, from what to what."""
    old, new = _full(before), _full(after)
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in OWN if old[name] != new[name])


def _full(changes: Mapping[str, Value]) -> dict[str, Value]:
    return {name: changes.get(name, option.default) for name, option in OWN.items()}
