"""The options of monitoring as they are set now."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.core.monitoring import options
from lifecycle.core.monitoring.options import OPTIONS, Option, Options, Value
from lifecycle.core.policy import tuning
from lifecycle.models import MonitoringSettings
from lifecycle.policies import operations as policies

PROFILE = "normal"
"""The profile that new services have; what monitoring says of checks is said there."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One option, what it is set to, and whether that is the default."""

    option: Option
    value: Value

    @property
    def changed(self) -> bool:
        return self.value != self.option.default


def stored() -> dict[str, Value]:
    """The options of no policy that were changed."""
    return MonitoringSettings.objects.values_list("changes", flat=True).first() or {}


def current() -> Options:
    """The options in force; one small query."""
    return options.read(stored())


def lines() -> list[Line]:
    """Every option, those of the policy too; two small queries."""
    values = stored()
    policy = tuning.plain(policies.profile(PROFILE))
    return [
        Line(
            option=option,
            value=policy[option.policy] if option.policy else values.get(option.name, option.default),
        )
        for option in OPTIONS.values()
    ]


def values() -> dict[str, Value]:
    """By name, what each option is set to."""
    return {line.option.name: line.value for line in lines()}
