"""One change between two schemas, and what it does to the instances. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.core.contract.schema_values import Schema, types_of


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One change at one place; without `narrows` and `widens` it changes no instance. `prose`: words only."""

    place: str
    text: str
    narrows: bool = False
    widens: bool = False
    prose: bool = False


Found = list[Finding]


@dataclass
class Effort:
    """What comparing may still cost, in characters read; ten million are about a second."""

    left: int


def unknown(place: str, text: str) -> Finding:
    """What cannot be decided counts as both."""
    return Finding(place=place, text=text, narrows=True, widens=True)


def limited(findings: Iterable[Finding], old: Schema, new: Schema, group: frozenset[str]) -> Found:
    """A rule on strings takes nothing away where no string was taken, and lets in none where none is."""
    before, after = bool(types_of(old) & group), bool(types_of(new) & group)
    found = [
        replace(finding, narrows=finding.narrows and before, widens=finding.widens and after)
        for finding in findings
    ]
    return [finding for finding in found if finding.narrows or finding.widens or before or after]
