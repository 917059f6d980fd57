"""What an episode is about: a service, or something beside them (requirements 4.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lifecycle.core.alerting.evaluate import Condition


class Kind(StrEnum):
    """What an episode may be about."""

    SERVICE = "service"
    FLEET = "fleet"
    WORKER = "worker"
    HOST = "host"
    TOKEN = "token"  # noqa: S105 - a kind


ABOUT: Mapping[Condition, frozenset[Kind]] = {
    Condition.MASS_FAILURE: frozenset({Kind.FLEET}),
    Condition.WORKER_SILENT: frozenset({Kind.WORKER}),
    Condition.HOST: frozenset({Kind.HOST}),
    Condition.ACCESS: frozenset({Kind.SERVICE, Kind.TOKEN}),
}
"""Those conditions that are of something else than services."""


BESIDE = frozenset(one for one, kinds in ABOUT.items() if Kind.SERVICE not in kinds)
"""Those that are of no single service at all."""


def about(condition: Condition) -> frozenset[Kind]:
    """What episodes of this condition are about."""
    return ABOUT.get(condition, frozenset({Kind.SERVICE}))


def beside(data: Mapping[str, Any]) -> Subject | None:
    """Of the data of a message what it is about, where that is neither one service nor many."""
    found = data.get("subject") or {}
    kind = Kind(found.get("kind", Kind.FLEET))
    return None if kind in (Kind.SERVICE, Kind.FLEET) else Subject(kind=kind, name=str(found["name"]))


def source(data: Mapping[str, Any]) -> str:
    """The one thing that a message is about; empty where it is of many."""
    other = beside(data)
    return other.words if other else str(data.get("service") or "")


def named(data: Mapping[str, Any]) -> str:
    """The same for the middle of a sentence."""
    return source(data) or "many services"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What one episode is about: a service, a worker …; all services together have no name."""

    kind: Kind
    name: str = ""

    @property
    def words(self) -> str:
        """As messages call it."""
        match self.kind:
            case Kind.SERVICE:
                return self.name
            case Kind.FLEET:
                return "Many services"
            case Kind.WORKER:
                return f"Worker {self.name}"
            case Kind.HOST:
                return f"Host {self.name}"
            case Kind.TOKEN:
                return f"Token {self.name}"
