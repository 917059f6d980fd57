"""The settings of a policy in words, by group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.policy.tuning import Plain, Setting
from lifecycle.policies.operations import service_lines
from registry.models import Service

Member = TypeVar("Member")
TITLES = {
    "checks": lazy("Health checks"),
    "failures": lazy("Failure handling"),
    "reconnection": lazy("Reconnection"),
    "restarts": lazy("Restarts"),
    "timeouts": lazy("Timeouts"),
    "tools": lazy("Tools"),
}
SOURCES = {
    "default": "",
    "profile": lazy("changed in the profile"),
    "service": lazy("set for this service"),
}


def shown(setting: Setting, value: Plain) -> str:
    """A value with its unit, for people."""
    if setting.kind is bool:
        return _("on") if value else _("off")
    if setting.never and not value:
        return _("never")
    return setting.text(value)


def by_group(rows: Iterable[tuple[Setting, Member]]) -> list[tuple[str, list[Member]]]:
    """What belongs to each setting, under the heading of its group."""
    found: dict[str, list[Member]] = {}
    for setting, row in rows:
        found.setdefault(setting.group, []).append(row)
    return [(str(TITLES[group]), members) for group, members in found.items()]


def policy_facts(service: Service) -> dict[str, Any]:
    """The effective policy for the service's page: label, value, its source, whether it is its own."""
    lines = service_lines(service)
    facts = by_group(
        (
            line.setting,
            (
                line.setting.label,
                shown(line.setting, line.value),
                str(SOURCES[line.source]),
                line.source == "service",
            ),
        )
        for line in lines
    )
    return {"policy": facts, "own_settings": sum(line.source == "service" for line in lines)}
