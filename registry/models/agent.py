"""Agents: named consumers, each with its own mcp.json."""

from __future__ import annotations

from django.db import models


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

    def __str__(self) -> str:
        return self.name


class AgentService(models.Model):
    """One service of an agent, by name: a service that is removed and comes back is the agent's again."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="choices", db_index=False)
    service_name = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "service_name"], name="agent_service_unique")]
