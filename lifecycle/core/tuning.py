"""Changes to a policy as people write them: plain numbers by name, checked and put on top of a profile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from lifecycle.core.policy import NORMAL, Policy, policy_for
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
class Knob:
    """One number that can be changed. Times are plain seconds; `never` says that 0 switches it off."""

    name: str
    label: str
    unit: str
    least: float
    most: float
    group: str
    kind: type
    never: bool

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.kind is bool:
            return "true or false"
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.least:g} to {self.most:g}{unit}" + (", or 0 for never" if self.never else "")


def _knob(field: Field[Any]) -> Knob:
    about, kind = field.metadata, str(field.type)
    types = {"int": int, "bool": bool}
    return Knob(
        name=field.name,
        label=about["label"],
        unit=about["unit"],
        least=about["min"],
        most=about["max"],
        group=about["group"],
        kind=types.get(kind, float),
        never=field.default is None,
    )


KNOBS: Mapping[str, Knob] = {
    field.name: _knob(field) for field in fields(Policy) if field.metadata and field.name not in UNTUNED
}


def checked(changes: Mapping[str, Any], where: str = "policy") -> dict[str, Plain]:
    """*changes*, each of a known field and in its range; InvalidConfigError says which is not."""
    found: dict[str, Plain] = {}
    for name, value in changes.items():
        knob = KNOBS.get(name)
        place = f"{where}.{name[:80]}"
        if knob is None:
            raise InvalidConfigError(place, "is no number of a policy", f"Give some of {', '.join(KNOBS)}")
        found[name] = _value(knob, value, place)
    return found


def _value(knob: Knob, value: Any, place: str) -> Plain:
    remedy = f"Write {knob.allowed}"
    if knob.kind is bool:
        if not isinstance(value, bool):
            raise InvalidConfigError(place, "must be true or false", remedy)
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidConfigError(place, "must be a number", remedy)
    if knob.kind is int and value != int(value):
        raise InvalidConfigError(place, "must be a whole number", remedy)
    if not (knob.least <= value <= knob.most or (knob.never and value == 0)):
        raise InvalidConfigError(place, f"{value:g} is out of range", remedy)
    return int(value) if knob.kind is int else float(value)


def plain(policy: Policy) -> dict[str, Plain]:
    """Every number of *policy* as people write it."""
    return {name: _plain(getattr(policy, name)) for name in KNOBS}


def _plain(value: Any) -> Plain:
    if value is None:
        return 0
    number: Plain = value.total_seconds() if isinstance(value, timedelta) else value
    return number


def _stored(name: str, value: Plain) -> Any:
    """*value* as the field of `Policy` holds it."""
    knob = KNOBS[name]
    if knob.never and not value:
        return None
    default = getattr(NORMAL, name)
    return timedelta(seconds=value) if knob.never or isinstance(default, timedelta) else knob.kind(value)


def tuned(base: Policy, *layers: Mapping[str, Plain]) -> Policy:
    """*base* with the changes of each layer on top. A field that is no longer known is left out."""
    merged = {name: value for layer in layers for name, value in layer.items() if name in KNOBS}
    return replace(base, **{name: _stored(name, value) for name, value in merged.items()}) if merged else base


def for_service(
    profile: str, priority: str, changes: Mapping[str, Plain], own: Mapping[str, Plain] | None = None
) -> Policy:
    """The shipped profile with its *changes*, the service's *own* numbers, and the priority's factor."""
    return tuned(policy_for(profile, priority), changes, own or {})


def consistent(policy: Policy, given: Iterable[str], where: str = "policy") -> None:
    """InvalidConfigError where two numbers contradict each other; it blames the one that was *given*."""
    values, given = plain(policy), set(given)
    for low, high in ASCENDING:
        if values[low] <= values[high]:
            continue
        name, other = (high, low) if high in given or low not in given else (low, high)
        than = "smaller than" if name == high else "larger than"
        what = f"{values[name]:g} is {than} “{KNOBS[other].label}” ({values[other]:g})"
        raise InvalidConfigError(f"{where}.{name}", what, "Change one of the two")


def differing(changes: Mapping[str, Plain], base: Policy) -> dict[str, Plain]:
    """Only what differs from *base*."""
    values = plain(base)
    return {name: value for name, value in changes.items() if value != values[name]}
