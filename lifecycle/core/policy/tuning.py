"""Changes to a policy as people write them: plain values by name, checked, on top of a profile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from lifecycle.core.policy.policy import NORMAL, Policy, policy_for
from lifecycle.core.timing.durations import number, span
from registry.errors import InvalidConfigError

Plain = float | int | bool
UNTUNED = frozenset({"priority_factor"})  # the service's priority says it
ASCENDING = (
    ("healthy_threshold", "warning_threshold"),
    ("warning_threshold", "slow_threshold"),
    ("warning_failure_threshold", "reconnecting_failure_threshold"),
    ("base_delay", "max_delay"),
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a policy. Times are plain seconds; `never` says that 0 switches it off.

    `wrong` is one sentence: what happens when it is set badly.
    """

    name: str
    label: str
    unit: str
    least: float
    most: float
    group: str
    wrong: str
    kind: type
    never: bool

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.kind is bool:
            return "true or false"
        never = ", or 0 for never" if self.never else ""
        return f"{number(self.least)} to {self.text(self.most)}{never}"

    def text(self, value: float) -> str:
        """A value of it as people read it: a time also in units that are larger than a second."""
        if self.unit != "s":
            return f"{number(value)} {self.unit}".rstrip()
        return f"{number(value)} s" if value < 60 else f"{number(value)} s ({span(value)})"


def _setting(field: Field[Any]) -> Setting:
    about, kind = field.metadata, str(field.type)
    types = {"int": int, "bool": bool}
    return Setting(
        name=field.name,
        label=about["label"],
        unit=about["unit"],
        least=about["min"],
        most=about["max"],
        group=about["group"],
        wrong=about["wrong"],
        kind=types.get(kind, float),
        never=field.default is None,
    )


SETTINGS: Mapping[str, Setting] = {
    field.name: _setting(field) for field in fields(Policy) if field.metadata and field.name not in UNTUNED
}


def checked(changes: Mapping[str, Any], where: str = "policy") -> dict[str, Plain]:
    """*changes*, each of a known field and in its range; InvalidConfigError says which is not."""
    found: dict[str, Plain] = {}
    for name, value in changes.items():
        setting = SETTINGS.get(name)
        place = f"{where}.{name[:80]}"
        if setting is None:
            raise InvalidConfigError(
                place, "is not a setting of a policy", f"Use one of {', '.join(SETTINGS)}"
            )
        found[name] = _value(setting, value, place)
    return found


def _value(setting: Setting, value: Any, place: str) -> Plain:
    remedy = f"Write {setting.allowed}"
    if setting.kind is bool:
        if not isinstance(value, bool):
            raise InvalidConfigError(place, "must be true or false", remedy)
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidConfigError(place, "must be a number", remedy)
    if setting.kind is int and value != int(value):
        raise InvalidConfigError(place, "must be a whole number", remedy)
    if not (setting.least <= value <= setting.most or (setting.never and value == 0)):
        raise InvalidConfigError(place, f"{number(value)} is out of range", remedy)
    return int(value) if setting.kind is int else float(value)


def plain(policy: Policy) -> dict[str, Plain]:
    """Every setting of *policy* as people write it."""
    return {name: _plain(getattr(policy, name)) for name in SETTINGS}


def _plain(value: Any) -> Plain:
    if value is None:
        return 0
    number: Plain = value.total_seconds() if isinstance(value, timedelta) else value
    return number


def _stored(name: str, value: Plain) -> Any:
    """*value* as the field of `Policy` holds it."""
    setting = SETTINGS[name]
    if setting.never and not value:
        return None
    default = getattr(NORMAL, name)
    return (
        timedelta(seconds=value) if setting.never or isinstance(default, timedelta) else setting.kind(value)
    )


def tuned(base: Policy, *layers: Mapping[str, Plain]) -> Policy:
    """*base* with the changes of each layer on top. A field that is no longer known is left out."""
    merged = {name: value for layer in layers for name, value in layer.items() if name in SETTINGS}
    return replace(base, **{name: _stored(name, value) for name, value in merged.items()}) if merged else base


def for_service(
    profile: str, priority: str, changes: Mapping[str, Plain], own: Mapping[str, Plain] | None = None
) -> Policy:
    """The profile's defaults with its *changes*, the service's *own* settings, and the priority's factor."""
    return tuned(policy_for(profile, priority), changes, own or {})


def consistent(policy: Policy, given: Iterable[str], where: str = "policy") -> None:
    """InvalidConfigError where two settings contradict each other; it blames the one that was *given*."""
    values, given = plain(policy), set(given)
    for low, high in ASCENDING:
        if values[low] <= values[high]:
            continue
        name, other = (high, low) if high in given or low not in given else (low, high)
        than = "smaller than" if name == high else "larger than"
        what = f"{number(values[name])} is {than} “{SETTINGS[other].label}” ({number(values[other])})"
        raise InvalidConfigError(f"{where}.{name}", what, "Change one of the two")


def differing(changes: Mapping[str, Plain], base: Policy) -> dict[str, Plain]:
    """Only what differs from *base*."""
    values = plain(base)
    return {name: value for name, value in changes.items() if value != values[name]}
