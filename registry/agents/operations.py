"""Add, change and remove agents, and give each the mcp.json of its services (requirements 1.6)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from registry.access import audit
from registry.core.documents.places import shorten
from registry.errors import InvalidConfigError, RegistryError
from registry.mcpjson import image
from registry.models import NAME_PATTERN, Agent, AgentService, Service
from registry.services import store_rows

GLOBAL_AGENT = "global_agent_store"
BATCH = 500


class AgentNotFoundError(RegistryError):
    """No agent of this name."""

    code = "agent_not_found"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no agent {name[:80]!r}.")


def is_builtin(agent: Agent) -> bool:
    """Whether it is the agent that has all services, always."""
    return agent.name == GLOBAL_AGENT


def get(name: str) -> Agent:
    """The agent of this name. The built-in one has a row only once it has a token."""
    found = None if "\0" in name else Agent.objects.filter(name=name).first()
    if found is not None:
        return found
    if name == GLOBAL_AGENT:
        return Agent(name=GLOBAL_AGENT)
    raise AgentNotFoundError(name)


def everyone() -> list[Agent]:
    """The built-in agent, then all others by name."""
    rows = list(Agent.objects.order_by("name"))
    others = [agent for agent in rows if not is_builtin(agent)]
    return [next((agent for agent in rows if is_builtin(agent)), Agent(name=GLOBAL_AGENT)), *others]


def names() -> list[str]:
    """Of all but the built-in one."""
    return list(Agent.objects.exclude(name=GLOBAL_AGENT).order_by("name").values_list("name", flat=True))


def among(name: str) -> Q:
    """The filter that leaves an agent's services; nothing of an agent that there is not."""
    if name in ("", GLOBAL_AGENT):
        return Q()
    return Q(name__in=AgentService.objects.filter(agent__name=name).values("service_name"))


def services_of(agent: Agent) -> QuerySet[Service]:
    """The listed services that the agent has."""
    return Service.objects.listed().filter(among(agent.name))


def counts() -> dict[str, int]:
    """How many listed services each agent has, by the agent's name."""
    listed = Service.objects.listed()
    chosen = AgentService.objects.filter(service_name__in=listed.values("name"))
    rows = chosen.values_list("agent__name").annotate(n=Count("pk"))
    return {**dict(rows), GLOBAL_AGENT: listed.count()}


def document(agent: Agent) -> dict[str, Any]:
    """The agent's mcp.json; secrets are references."""
    return image.document(services_of(agent))


def add(name: str, services: Collection[str], *, by: str, now: datetime, description: str = "") -> Agent:
    """A new agent with these services; InvalidConfigError says what is wrong with a name."""
    with transaction.atomic():
        store_rows.lock_head()
        if not re.fullmatch(NAME_PATTERN[1:-1], name):
            remedy = "Use 1 to 64 letters, digits, dots, hyphens and underscores"
            raise InvalidConfigError("name", "cannot be an agent's name", remedy)
        if name == GLOBAL_AGENT or Agent.objects.filter(name=name).exists():
            raise InvalidConfigError("name", "is the name of another agent", "Choose another one")
        agent = Agent.objects.create(name=name, description=description[:500], created_at=now, updated_at=now)
        _choose(agent, services)
        audit.note(by, "agent added", name, f"{len(services)} services", now=now, after=_picture(agent))
    return agent


def change(
    name: str,
    *,
    by: str,
    now: datetime,
    services: Collection[str] | None = None,
    description: str | None = None,
) -> Agent:
    """Give the agent exactly these services, or another description; None leaves what there is."""
    with transaction.atomic():
        store_rows.lock_head()
        agent = _own(name)
        before = _picture(agent)
        if description is not None:
            agent.description = description[:500]
        if services is not None:
            _choose(agent, services)
        agent.updated_at = now
        agent.save(update_fields=["description", "updated_at"])
        audit.note(by, "agent changed", name, now=now, before=before, after=_picture(agent))
    return agent


def include(name: str, services: Iterable[str], *, by: str, now: datetime) -> Agent:
    """Give the agent these services too, making it if there is none. The built-in one has them anyway."""
    wanted = set(services)
    if name == GLOBAL_AGENT:
        return get(name)
    with transaction.atomic():
        store_rows.lock_head()
        found = None if "\0" in name else Agent.objects.filter(name=name).first()
        if found is None:
            return add(name, wanted, by=by, now=now)
        return change(name, services=wanted | chosen_names(found), by=by, now=now)


def exclude(name: str, service: str, *, by: str, now: datetime) -> None:
    """Take one service from the agent; the service itself stays."""
    with transaction.atomic():
        agent = _own(name)
        before = _picture(agent)
        AgentService.objects.filter(agent=agent, service_name=service).delete()
        without = f"without {service}"
        audit.note(by, "agent changed", name, without, now=now, before=before, after=_picture(agent))


def regroup(name: str, joining: Collection[str], leaving: Collection[str]) -> None:
    """Give the agent some services and take others from it, inside the transaction of an act that is noted.

    An agent that is gone, or a service that it has or lacks already, is passed over.
    """
    agent = Agent.objects.filter(name=name).first()
    if agent is not None:
        _choose(agent, (chosen_names(agent) | set(joining)) - set(leaving))


def remove(name: str, *, by: str, now: datetime) -> None:
    """Its services stay; its token ends."""
    with transaction.atomic():
        agent = _own(name)
        audit.note(by, "agent removed", name, now=now, before=_picture(agent))
        agent.delete()


def chosen_names(agent: Agent) -> set[str]:
    """What was chosen for it, services that are gone included."""
    return set(AgentService.objects.filter(agent=agent).values_list("service_name", flat=True))


def _picture(agent: Agent) -> dict[str, Any]:
    """An agent as the audit log keeps it."""
    return {"description": agent.description, "services": sorted(chosen_names(agent))}


def _own(name: str) -> Agent:
    if name == GLOBAL_AGENT:
        raise InvalidConfigError(name, "has all services and stays", "Add an agent of your own")
    return get(name)


def _choose(agent: Agent, services: Collection[str]) -> None:
    """Names that are already chosen may be gone; new ones must be services."""
    before, wanted = chosen_names(agent), set(services)
    fresh = sorted(wanted - before)
    known: set[str] = set()
    for start in range(0, len(fresh), BATCH):
        part = [name for name in fresh[start : start + BATCH] if "\0" not in name]
        known |= set(Service.objects.listed().filter(name__in=part).values_list("name", flat=True))
    if unknown := [name for name in fresh if name not in known]:
        raise InvalidConfigError(f"services.{shorten(unknown[0], 64)}", "is not a service", "Add it first")
    gone = sorted(before - wanted)
    for start in range(0, len(gone), BATCH):
        AgentService.objects.filter(agent=agent, service_name__in=gone[start : start + BATCH]).delete()
    AgentService.objects.bulk_create(
        [AgentService(agent=agent, service_name=name) for name in fresh], batch_size=BATCH
    )
