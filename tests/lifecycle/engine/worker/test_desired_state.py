"""What one look at the rows sees, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from lifecycle.engine.worker import desired_state
from lifecycle.engine.worker.desired_state import Outlook, Wanted
from lifecycle.models import Command
from registry.models import Desired, Role, Service
from registry.services import register

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def _add(*names: str, url: str = "http://127.0.0.1:1/mcp") -> None:
    entries = {name: {"url": url} for name in names}
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())


def _command(service: Service, kind: str = "check") -> Command:
    return Command.objects.create(service=service, kind=kind, requested_by="ann", created_at=NOW)


def test_a_quiet_database_costs_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _add("a", "b")
    outlook = Outlook("w")
    assert [wanted.name for wanted in outlook.look(timezone.now()).changed] == ["a", "b"]
    with django_assert_num_queries(2):
        sight = outlook.look(timezone.now())
    assert (sight.changed, sight.gone, sight.commands) == ([], set(), [])


def test_only_what_is_different_is_seen() -> None:
    _add("a", "b", "c")
    outlook = Outlook("w")
    outlook.look(timezone.now())
    _add("b", url="http://127.0.0.1:2/mcp")
    register.set_desired(Service.objects.get(name="c").pk, Desired.STOPPED, by="ann", now=timezone.now())
    _add("d")
    changed = outlook.look(timezone.now()).changed
    assert [(wanted.name, wanted.revision, wanted.desired) for wanted in changed] == [
        ("b", 2, "running"),
        ("c", 1, "stopped"),
        ("d", 1, "running"),
    ]


def test_a_removed_service_is_seen_to_be_gone() -> None:
    _add("a", "b")
    outlook = Outlook("w")
    outlook.look(timezone.now())
    gone = Service.objects.get(name="a").pk
    register.remove("a", by="ann", now=timezone.now())
    assert outlook.look(timezone.now()).gone == {gone}


def test_a_command_comes_with_what_is_desired_at_the_same_moment() -> None:
    _add("a")
    outlook = Outlook("w")
    outlook.look(timezone.now())
    service = Service.objects.get(name="a")
    Service.objects.update(desired="stopped")
    _command(service, "stop")
    sight = outlook.look(timezone.now())
    assert [command.kind for command in sight.commands] == ["stop"]
    assert [wanted.desired for wanted in sight.changed] == ["stopped"]
    assert Command.objects.get().state == "taken"


def test_the_export_is_asked_for_once_for_each_revision() -> None:
    _add("a")
    outlook = Outlook("w")
    assert outlook.look(timezone.now()).export_behind
    assert not outlook.look(timezone.now()).export_behind
    _add("b")
    assert outlook.look(timezone.now()).export_behind


def test_a_command_that_was_lost_on_the_way_is_queued_again_and_a_held_one_is_not() -> None:
    _add("a")
    service = Service.objects.get()
    held, lost, call = _command(service), _command(service), _command(service, "call-tool")
    Command.objects.update(state="taken", worker="w", taken_at=NOW - timedelta(minutes=1))
    assert desired_state.put_back_lost_commands("w", [held.pk], NOW) == 2
    states = {command.pk: command.state for command in Command.objects.all()}
    assert states == {held.pk: "taken", lost.pk: "queued", call.pk: "failed"}


def test_what_is_forgotten_during_a_look_is_seen_anew_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner may end, in the event loop, while the writer's thread looks."""
    _add("a", "b")
    outlook, first = Outlook("w"), Service.objects.get(name="a").pk

    def noting(**values: Any) -> Wanted:
        wanted = Wanted(**values)
        if wanted.name == "b":
            outlook.forget_service(first)
            outlook.forget()
        return wanted

    monkeypatch.setattr(desired_state, "Wanted", noting)
    assert [wanted.name for wanted in outlook.look(timezone.now()).changed] == ["a", "b"]
    monkeypatch.undo()
    assert [wanted.name for wanted in outlook.look(timezone.now()).changed] == ["a", "b"]
    assert outlook.look(timezone.now()).changed == []
