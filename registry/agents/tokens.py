"""The token of an agent's address: shown once when issued, kept as a digest, good for one mcp.json."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from registry.access import audit, last_use
from registry.access.tokens import HINT, USED_EVERY, digest
from registry.agents import operations
from registry.models import Agent
from registry.services import store_rows

PREFIX = "mcpa_"


def address(name: str, token: str) -> str:
    """Where the agent's mcp.json is fetched with its token."""
    return f"{settings.PUBLIC_URL}{reverse('agent_mcpjson', args=[name])}?token={token}"


def issue(name: str, *, by: str, now: datetime) -> str:
    """A new token for the agent's mcp.json, to be shown once; the one before it ends."""
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        store_rows.lock_head()
        agent = operations.get(name)
        agent.token_digest, agent.token_hint = digest(token), token[:HINT]
        agent.token_issued_at, agent.token_used_at = now, None
        agent.created_at, agent.updated_at = agent.created_at or now, now
        agent.save()
        audit.note(by, "agent token issued", name, token[:HINT], now=now)
    return token


def revoke(name: str, *, by: str, now: datetime) -> None:
    """The address with the token answers no more."""
    with transaction.atomic():
        store_rows.lock_head()
        agent = operations.get(name)
        if agent.token_digest is None:
            return
        agent.token_digest, agent.token_issued_at = None, None
        agent.save(update_fields=["token_digest", "token_issued_at"])
        audit.note(by, "agent token revoked", name, agent.token_hint, now=now)


def find(name: str, token: str, now: datetime) -> Agent | None:
    """The agent of this name, if the token is its own and lives."""
    if "\0" in name or not token:
        return None
    agent = Agent.objects.filter(name=name, token_digest=digest(token)).first()
    if agent is not None and (agent.token_used_at is None or now - agent.token_used_at >= USED_EVERY):
        own = Agent.objects.filter(pk=agent.pk, token_digest=agent.token_digest)
        last_use.note(lambda: own.update(token_used_at=now))
    return agent
