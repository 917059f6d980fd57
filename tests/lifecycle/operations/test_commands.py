"""Asking: what is refused, what is written, and that nothing of a call is readable in the row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from lifecycle.models import Command, FeedItem
from lifecycle.operations import commands as operation_commands
from registry.errors import ServiceNotFoundError
from registry.models import AuditEntry, Role, Service
from registry.services import register

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _service(db: None) -> None:
    document = {"mcpServers": {"a": {"url": "http://127.0.0.1:1/mcp"}}}
    register.register(document, by="ann", role=Role.ADMIN, now=timezone.now())


@pytest.mark.parametrize(
    ("kind", "desired"),
    [("stop", "stopped"), ("start", "running"), ("restart", "running"), ("reconnect", "running")],
)
def test_asking_also_says_what_is_desired(kind: str, desired: str) -> None:
    opposite = "running" if desired == "stopped" else "stopped"
    Service.objects.update(desired=opposite)
    command = operation_commands.request(kind, "a", by="ann", now=NOW)
    assert Service.objects.get().desired == desired
    assert (command.state, command.requested_by, command.created_at) == ("queued", "ann", NOW)
    assert FeedItem.objects.filter(kind="command", ref=command.pk).exists()


@pytest.mark.parametrize("kind", ["check", "refresh-tools", "call-tool"])
def test_what_needs_a_running_service_is_refused_for_a_stopped_one(kind: str) -> None:
    Service.objects.update(desired="stopped")
    with pytest.raises(operation_commands.NotPossibleError, match="start it first"):
        operation_commands.request(kind, "a", by="ann", now=NOW, arguments={"tool": "x"})
    assert not Command.objects.exists()


def test_an_unknown_service_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(ServiceNotFoundError):
        operation_commands.request("start", "b", by="ann", now=NOW)
    with pytest.raises(operation_commands.NotPossibleError, match="no command 'explode'"):
        operation_commands.request("explode", "a", by="ann", now=NOW)
    with pytest.raises(operation_commands.NotPossibleError, match="name of the tool"):
        operation_commands.request("call-tool", "a", by="ann", now=NOW)


def test_arguments_and_outcomes_are_sealed_in_the_row() -> None:
    given = {"tool": "echo", "arguments": {"password": "open sesame"}}
    command = operation_commands.request("call-tool", "a", by="ann", now=NOW, arguments=given)
    command.outcome = operation_commands.sealed_outcome({"ok": True, "content": ["open sesame"]})
    command.save()
    row = Command.objects.get()
    assert "sesame" not in row.arguments + row.outcome
    assert operation_commands.arguments_of(row) == given
    assert operation_commands.outcome_of(row) == {"ok": True, "content": ["open sesame"]}


def test_only_a_stop_can_be_forced() -> None:
    assert operation_commands.request("stop", "a", by="ann", now=NOW, force=True).force
    assert not operation_commands.request("start", "a", by="ann", now=NOW, force=True).force


def test_waiting_ends_in_time_with_the_command_as_it_is() -> None:
    command = operation_commands.request("check", "a", by="ann", now=NOW)
    assert operation_commands.wait_sync(command.pk, 0.1).state == "queued"


def test_what_was_asked_for_is_audited_with_its_author_and_never_with_arguments() -> None:
    given = {"tool": "say", "arguments": {"word": "canary"}}
    asked = [("call-tool", given), ("restart", None), ("stop", None), ("start", None), ("check", None)]
    ids = [
        operation_commands.request(kind, "a", by="bea", now=NOW, arguments=arguments, force=True).pk
        for kind, arguments in asked
    ]
    told = AuditEntry.objects.filter(actor="bea", at=NOW, target="a", detail__startswith="command ")
    assert list(told.order_by("pk").values_list("action", "detail")) == [
        ("call tool", f"command {ids[0]}, say"),
        ("restart", f"command {ids[1]}"),
        ("stop", f"command {ids[2]}, by force"),
        ("start", f"command {ids[3]}"),
        ("check", f"command {ids[4]}"),
    ]


def test_what_was_refused_is_not_audited() -> None:
    operation_commands.request("stop", "a", by="bea", now=NOW)
    before = AuditEntry.objects.count()
    with pytest.raises(operation_commands.NotPossibleError):
        operation_commands.request("call-tool", "a", by="bea", now=NOW, arguments={"tool": "say"})
    assert AuditEntry.objects.count() == before
