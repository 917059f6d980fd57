"""Callers of each role, and services in any state."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Command, ServiceState
from lifecycle.monitoring.calls import record as call_record
from lifecycle.operations import commands as operation_commands
from registry.access import tokens
from registry.models import Desired, Membership, Role, Service, Tool
from registry.services import register


class Api:
    """A program that calls /api/v1/ with a token."""

    def __init__(self, token: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        data = body if isinstance(body, (str, bytes)) else b"" if body is None else json.dumps(body)
        return self.client.generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=self.headers
        )

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("POST", path, body)

    def patch(self, path: str, body: Any = None) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)


def user_of(role: Role) -> User:
    user = User.objects.create_user(role.value)
    Membership.objects.create(user=user, role=role)
    return user


def api_of(role: Role) -> Api:
    return Api(tokens.issue(user_of(role), role, timezone.now()))


@pytest.fixture
def api_admin(db: None) -> Api:
    return api_of(Role.ADMIN)


@pytest.fixture
def api_operator(db: None) -> Api:
    return api_of(Role.OPERATOR)


@pytest.fixture
def api_viewer(db: None) -> Api:
    return api_of(Role.VIEWER)


@pytest.fixture
def api_nobody(db: None) -> Api:
    return Api("")


MakeService = Callable[..., Service]


@pytest.fixture
def registered_service(db: None) -> MakeService:
    """Registers a service; with *state*, as if the worker had brought it there a minute ago."""

    def make(name: str = "weather", state: str = "", tools: tuple[str, ...] = (), **fields: Any) -> Service:
        now = timezone.now()
        entry = {"mcpServers": {name: {"url": "http://127.0.0.1:9/mcp"}}}
        (result,) = register.register(entry, by="test", role=Role.ADMIN, now=now)
        assert result.outcome == "created", result.error
        if state in (State.DISCONNECTED, State.DISCONNECTING):
            fields["desired"] = Desired.STOPPED
        Service.objects.filter(name=name).update(**fields)
        service = Service.objects.get(name=name, removed_at=None)
        if state:
            ServiceState.objects.create(
                service=service, state=state, state_entered_at=now - timedelta(minutes=1), revision_applied=1
            )
        for position, tool in enumerate(tools):
            Tool.objects.create(
                service=service, position=position, name=tool, input_schema={"type": "object"}
            )
        return service

    return make


Answer = Callable[[Command], dict[str, Any] | str]


@contextmanager
def worker_that(answer: Answer) -> Iterator[None]:
    """A stand-in for the worker: finishes each command with an outcome, or fails it with a text."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            for command in Command.objects.filter(state=Command.State.QUEUED):
                finish(command, answer(command))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def finish(command: Command, answer: dict[str, Any] | str) -> None:
    outcome, error = (None, answer) if isinstance(answer, str) else (answer, "")
    now = timezone.now()
    with transaction.atomic():
        Command.objects.filter(pk=command.pk).update(
            state=Command.State.FAILED if error else Command.State.DONE,
            outcome="" if outcome is None else operation_commands.sealed_outcome(outcome),
            error=error,
            finished_at=now,
        )
        call_record.record(command, outcome, error, now)
