"""Agents: named consumers, each with its own mcp.json."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.core.scope import Limits
from registry.models.scoped import Scoped, named_in_view


class Agent(models.Model):
    """A consumer of some services; only `registry.agents.operations` writes it.

    Whoever has the token may fetch this agent's mcp.json and do nothing else. It is kept as its SHA-256
    digest; `token_hint` is its first characters.
    """

    name = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=500, default="", blank=True)
    token_digest = models.CharField(max_length=64, null=True, unique=True)
    token_hint = models.CharField(max_length=16, default="", blank=True)
    token_issued_at = models.DateTimeField(null=True)
    token_used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = Scoped["Agent"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those with at least one visible service."""
        chosen = AgentService._base_manager.filter(named_in_view("service_name", limits)).values("agent")
        return Q(pk__in=chosen) | Q(name__in={name for scope in limits for name in scope.agents})

    def __str__(self) -> str:
        return self.name


class AgentService(models.Model):
    """One service of an agent, by name: a service that is removed and comes back is the agent's again."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="choices", db_index=False)
    service_name = models.CharField(max_length=64)

    objects = Scoped["AgentService"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those of visible services."""
        return named_in_view("service_name", limits)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "service_name"], name="agent_service_unique")]
