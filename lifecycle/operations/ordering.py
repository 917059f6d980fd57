"""In which order services start and stop: dependencies first, and the other way round for a stop."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from lifecycle.models import Command
from registry.core import graph
from registry.dependencies import links
from registry.models import Dependency, Desired, Service

Kind = Command.Kind


def plan(names: Iterable[str], action: str) -> list[list[str]]:
    """*names* in waves, each to begin when the one before has ended. For a stop the dependents come first."""
    waves = graph.waves(names, links.edges())
    return waves[::-1] if action == Kind.STOP else waves


def along(names: Iterable[str], action: str) -> list[str]:
    """Who has to come along: what is stopped and needed for a start, what runs and needs one for a stop."""
    edges = links.edges()
    if action == Kind.STOP:
        others, wanted = graph.dependents(names, edges), Desired.RUNNING
    else:
        others, wanted = graph.dependencies(names, edges), Desired.STOPPED
    desired = dict(Service.objects.listed().values_list("name", "desired")) if others else {}
    return sorted(name for name in others if desired.get(name) == wanted)


def company(name: str, action: str) -> list[str]:
    """As `along` for one service, and one small query where it takes part in no dependency."""
    tied = Dependency.objects.standing().filter(Q(service__name=name) | Q(depends_on__name=name))
    return along([name], action) if tied.exists() else []
