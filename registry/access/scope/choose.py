"""A scope as somebody types it: checked, and in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from registry.core.scope import Scope
from registry.errors import InvalidConfigError
from registry.models import Agent

EVERYTHING = "global_agent_store"
LONGEST, MOST = 200, 50


def chosen(tags: Iterable[str], agents: Iterable[str]) -> Scope:
    """InvalidConfigError for an agent that there is not; a tag may come to be used later."""
    scope = Scope(_clean(tags), _clean(agents))
    if any(len(tag) > LONGEST or "\0" in tag for tag in scope.tags):
        raise InvalidConfigError("tags", f"one is longer than {LONGEST} characters", "Use a shorter one")
    if len(scope.tags) + len(scope.agents) > MOST:
        raise InvalidConfigError("tags", f"more than {MOST} of them", "Give the services a common tag")
    if EVERYTHING in scope.agents:
        raise InvalidConfigError("agents", f"{EVERYTHING} has all services", "Leave both empty instead")
    possible = [name for name in scope.agents if "\0" not in name]
    known = set(Agent.objects.filter(name__in=possible).values_list("name", flat=True))
    if unknown := sorted(scope.agents - known):
        raise InvalidConfigError("agents", f"there is no agent {unknown[0][:64]!r}", "Add it first")
    return scope


def _clean(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip() for name in names if name.strip())


def words(scope: Scope) -> str:
    """For people: "tags a, b · agents c"."""
    parts = []
    if scope.tags:
        parts.append(_("tags %(names)s") % {"names": ", ".join(sorted(scope.tags))})
    if scope.agents:
        parts.append(_("agents %(names)s") % {"names": ", ".join(sorted(scope.agents))})
    return " · ".join(parts) or _("all services")
