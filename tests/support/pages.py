"""Browsers of each role without a browser, and services in any state."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.local_days import beginning
from lifecycle.models import CheckResult, ListFigures, ServiceState, StateChange, WorkerSeen
from registry.access.sessions.queries import SEEN
from registry.models import Membership, Role, Service, Tool

HTMX = {"HX-Request": "true"}


def signed_in(role: Role) -> Client:
    user = User.objects.create(username=f"{role.value}-1")
    Membership.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    as_if_seen(client)
    return client


def as_if_seen(client: Client) -> None:
    """In the middle of a session, which notes only once a minute that its person is there."""
    session = client.session
    session[SEEN] = int(time.time())
    session.save()


@pytest.fixture
def viewer(db: None) -> Client:
    return signed_in(Role.VIEWER)


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(Role.OPERATOR)


@pytest.fixture
def admin(db: None) -> Client:
    return signed_in(Role.ADMIN)


def make_service(name: str = "weather", state: State | None = State.HEALTHY, **fields: Any) -> Service:
    """A service as the worker left it; state None: the worker has not seen it yet."""
    now = timezone.now()
    row = {key: fields.pop(key) for key in list(fields) if hasattr(ServiceState, key) and key != "state"}
    values: dict[str, Any] = {
        "transport": "streamable-http",
        "endpoint": f"https://{name}.example.internal/mcp",
        "entry": {"url": f"https://{name}.example.internal/mcp"},
        "desired": "stopped" if state is State.DISCONNECTED else "running",
        "created_at": now,
        "updated_at": now,
        **fields,
    }
    service = Service.objects.create(name=name, **values)
    if state is not None:
        ServiceState.objects.create(
            service=service, state=state, **{"state_entered_at": now - timedelta(minutes=3), **row}
        )
    return service


def make_checks(service: Service, levels: list[int], each: timedelta = timedelta(seconds=30)) -> None:
    """One check *each* so often, the last of them now."""
    now, step = int(time.time() * 1000), int(each.total_seconds() * 1000)
    CheckResult.objects.bulk_create(
        CheckResult(service=service, at=now - step * n, level=level, ms=20)
        for n, level in enumerate(reversed(levels))
    )


def make_change(service: Service, after: State, reason: str = "connected", **fields: Any) -> StateChange:
    values = {"before": "", "event": "connected", "at": timezone.now(), **fields}
    return StateChange.objects.create(service=service, after=after, reason=reason, **values)


def days_counted() -> None:
    """As the worker leaves it soon after midnight: the figures of the list are those of today."""
    today = beginning(timezone.now().timestamp(), settings.SHOWN_TIME_ZONE)
    ListFigures.objects.bulk_create(
        ListFigures(service=service, until=today) for service in Service.objects.filter(figures=None)
    )


def make_tool(service: Service, name: str = "forecast", **fields: Any) -> Tool:
    values: dict[str, Any] = {"position": service.tools.count(), "input_schema": {"type": "object"}, **fields}
    return Tool.objects.create(service=service, name=name, **values)


def make_worker(seen_ago: float = 1, **fields: Any) -> WorkerSeen:
    seen = timezone.now() - timedelta(seconds=seen_ago)
    values = {"name": "worker-1", "pid": 1, "host": "here", "started_at": seen, "seen_at": seen, **fields}
    return WorkerSeen.objects.create(**values)


def text_of(response: Any) -> str:
    return response.content.decode()  # type: ignore[no-any-return]
