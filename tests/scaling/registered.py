"""A service on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

from registry.models import Role, Service
from registry.services import register

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def make_service(name: str = "one") -> Service:
    document = {"mcpServers": {name: {"url": f"http://127.0.0.1:9/{name}"}}}
    register.register(document, by="ann", role=Role.ADMIN, now=NOW)
    return Service.objects.get(name=name)
