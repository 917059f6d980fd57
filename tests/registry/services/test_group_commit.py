"""Registrations that wait at once share a transaction, and each is answered as if it had been alone."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.http import HttpRequest

from registry.access.audit import origin
from registry.core.documents import dialects
from registry.core.scope import Limits, Scope
from registry.installation import trouble
from registry.mcpjson import export as mcpjson_export
from registry.models import AuditEntry, ConfigVersion, RegistryHead, Role, Service
from registry.models.limits import within
from registry.secrets import vault
from registry.services import group_commit, store_rows
from registry.services import register as service_register
from registry.services.register import Result
from tests.support.console import eventually
from tests.support.registering import NOW, URL, Register, outcomes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data_dir")]
Act = Callable[[], list[Result]]


def asks(document: Any, *, by: str = "ann", role: Role = Role.ADMIN, seconds: int = 0) -> Act:
    """One registration, as REST asks for it."""
    now = NOW + timedelta(seconds=seconds)
    return lambda: group_commit.register(dialects.find(document), by=by, role=role, now=now)


@dataclass
class Crowd:
    """Threads that come one after the other while the first of them waits for the database."""

    answers: dict[int, list[Result]] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)
    saved: list[int] = field(default_factory=list)
    """How many acts each transaction has saved."""

    def come(self, acts: Sequence[Act]) -> None:
        """All of them, the first of whom leads; until every one is answered."""
        threads = [threading.Thread(target=self._answer, args=one) for one in enumerate(acts)]
        with transaction.atomic():
            store_rows.lock_head()
            for number, thread in enumerate(threads):
                thread.start()
                eventually(partial(self._waits, number), "it waits", pause=0.002)
        for thread in threads:
            thread.join()

    @staticmethod
    def _waits(number: int) -> bool:
        return group_commit.queue.busy and len(group_commit.queue.waiting) == number

    def _answer(self, number: int, act: Act) -> None:
        try:
            self.answers[number] = act()
        except Exception as exc:
            self.errors[number] = exc
        finally:
            connections.close_all()

    def outcomes(self) -> list[list[tuple[str, str]]]:
        return [outcomes(self.answers[number]) for number in sorted(self.answers)]


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    found, save = Crowd(), store_rows.save

    def counted(acts: Sequence[Any], *given: Any, **more: Any) -> bool:
        found.saved.append(len(acts))
        return save(acts, *given, **more)

    monkeypatch.setattr(store_rows, "save", counted)
    yield found
    assert not group_commit.queue.busy
    assert not group_commit.queue.waiting


def one(name: str, **more: Any) -> dict[str, Any]:
    return {"mcpServers": {name: {"url": URL, **more}}}


def test_those_that_wait_share_the_next_transaction_and_each_is_an_act_of_its_own(crowd: Crowd) -> None:
    bodies = [one("a"), one("b", headers={"K": "canary-1234"}), {"mcpServers": {"c": {"url": URL}, "d": {}}}]
    crowd.come([asks(one("first")), *map(asks, [*bodies, one("e")])])
    assert crowd.outcomes() == [
        [("first", "created")],
        [("a", "created")],
        [("b", "created")],
        [("c", "created"), ("d", "invalid")],
        [("e", "created")],
    ]
    assert crowd.saved == [1, 3, 1], "alone, together, and alone what has an error"
    assert RegistryHead.objects.get().revision == 5
    assert len(set(Service.objects.values_list("position", flat=True))) == 5
    assert vault.reveal(Service.objects.get(name="b")).headers == {"K": "canary-1234"}
    rows = AuditEntry.objects.order_by("id").values_list("actor", "action", "target", "members")
    assert list(rows) == [("ann", "service added", name, 0) for name in ("first", "a", "b", "e", "c")]


def test_who_comes_while_none_waits_is_saved_at_once(crowd: Crowd) -> None:
    assert outcomes(asks(one("a"))()) == [("a", "created")]
    assert outcomes(asks(one("b"))()) == [("b", "created")]
    assert crowd.saved == [1, 1]


def test_what_is_there_already_is_changed_or_left_in_a_group_too(crowd: Crowd, register: Register) -> None:
    register(one("same"))
    register(one("other"))
    crowd.come([asks(one("first")), asks(one("same")), asks(one("other", timeout=7)), asks(one("new"))])
    assert [found[0][1] for found in crowd.outcomes()] == ["created", "unchanged", "updated", "created"]
    assert crowd.saved == [1, 1, 1, 3]
    assert Service.objects.get(name="other").timeout == 7
    changed = AuditEntry.objects.get(action="service changed")
    assert (changed.target, "7" in changed.after) == ("other", True)
    assert not AuditEntry.objects.filter(target="same", action="service changed").exists()


def test_two_of_one_name_are_saved_one_after_the_other(crowd: Crowd) -> None:
    crowd.come([asks(one("first")), asks(one("a")), asks(one("a", timeout=7)), asks(one("a"))])
    assert crowd.outcomes()[1:] == [[("a", "created")], [("a", "updated")], [("a", "updated")]]
    assert crowd.saved == [1, 1, 1, 1]


def test_what_depends_on_others_is_answered_as_alone(crowd: Crowd) -> None:
    needs = [asks(one("a", depends_on=["b"])), asks(one("b", depends_on=["a"])), asks(one("c"))]
    crowd.come([asks(one("first")), *needs, asks(one("d", depends_on=["first"]))])
    assert [found[0][1] for found in crowd.outcomes()] == [
        "created",
        "invalid",
        "invalid",
        "created",
        "created",
    ]
    assert crowd.saved[:2] == [1, 1]
    assert "which is not a service" in str(crowd.answers[1][0].error)


def test_only_those_of_one_caller_with_the_same_rights_from_one_place_share(crowd: Crowd) -> None:
    def scoped(act: Act, *tags: str) -> Act:
        limits: Limits = frozenset({Scope(tags=frozenset(tags))})

        def within_limits() -> list[Result]:
            with within(limits):
                return act()

        return within_limits

    def through(act: Act, address: str) -> Act:
        def asked() -> list[Result]:
            with by_rest(address):
                return act()

        return asked

    command = {"mcpServers": {"e": {"command": "x"}}}
    acts = [
        asks(one("a")),
        asks(one("b"), by="ben"),
        scoped(asks(one("c", tags=["mine"]), role=Role.OPERATOR), "mine"),
        scoped(asks(one("d", tags=["mine"]), role=Role.OPERATOR), "theirs"),
        asks(command, role=Role.OPERATOR),
        through(asks(one("f")), "192.0.2.1"),
        through(asks(one("g")), "192.0.2.2"),
    ]
    crowd.come([asks(one("first")), *acts])
    assert [found[0][1] for found in crowd.outcomes()] == [
        *["created"] * 4,
        "invalid",
        "invalid",
        "created",
        "created",
    ]
    assert crowd.saved == [1] * 8
    rows = AuditEntry.objects.exclude(target="first").order_by("target")
    assert list(rows.values_list("target", "actor", "door", "address")) == [
        ("a", "ann", "command", origin.current().address),
        ("b", "ben", "command", origin.current().address),
        ("c", "ann", "command", origin.current().address),
        ("f", "ann", "rest", "192.0.2.1"),
        ("g", "ann", "rest", "192.0.2.2"),
    ]


@contextmanager
def by_rest(address: str) -> Iterator[None]:
    request = HttpRequest()
    request.path, request.META["REMOTE_ADDR"] = "/api/v1/services", address
    with origin._during(request):
        yield


def test_a_fault_in_the_group_leaves_each_to_itself(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(by: str) -> None:
        raise RuntimeError("after the rows were written, before the commit")

    monkeypatch.setattr(group_commit, "announce", faulty)
    crowd.come([asks(one("first")), asks(one("a")), asks(one("b"))])
    assert crowd.outcomes() == [[("first", "created")], [("a", "created")], [("b", "created")]]
    assert crowd.saved == [1, 2, 1, 1]
    assert sorted(AuditEntry.objects.values_list("target", flat=True)) == ["a", "b", "first"]
    assert RegistryHead.objects.get().revision == 3


def test_trouble_with_the_database_is_told_to_all_of_the_group(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(by: str) -> None:
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("database is locked") from cause

    monkeypatch.setattr(group_commit, "announce", locked)
    crowd.come([asks(one("first")), asks(one("a")), asks(one("b"))])
    assert crowd.outcomes() == [[("first", "created")]]
    found = [trouble.of(crowd.errors[number]) for number in (1, 2)]
    assert [each and each.code for each in found] == ["database_locked"] * 2
    assert list(Service.objects.values_list("name", flat=True)) == ["first"]


def test_nobody_of_a_group_is_answered_before_its_commit(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def looked(by: str) -> None:
        seen.append(len(crowd.answers))
        service_register.announce(by)
        transaction.on_commit(lambda: seen.append(len(crowd.answers)))

    monkeypatch.setattr(group_commit, "announce", looked)
    crowd.come([asks(one("first")), asks(one("a")), asks(one("b")), asks(one("c"))])
    assert seen in ([0, 0], [0, 1], [1, 1]), "the first alone may have its answer by then"
    assert len(crowd.answers) == 4


def test_the_time_of_a_group_is_before_no_member_s_own(crowd: Crowd) -> None:
    crowd.come([asks(one("first")), asks(one("a"), seconds=1), asks(one("b"), seconds=2)])
    made = dict(Service.objects.values_list("name", "created_at"))
    assert made["a"] == made["b"] == NOW + timedelta(seconds=2)


def test_large_documents_and_those_in_a_transaction_neither_wait_nor_keep_others_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def enter(member: object) -> None:
        raise AssertionError("it stands in the queue")

    monkeypatch.setattr(group_commit.queue, "enter", enter)
    large = {"mcpServers": {f"s{number}": {"url": URL} for number in range(group_commit.ENTRIES + 1)}}
    assert len(asks(large)()) == group_commit.ENTRIES + 1
    assert outcomes(asks(["s1", "s2"])()) == [("s1", "unchanged"), ("s2", "unchanged")]
    with transaction.atomic():
        assert outcomes(asks(one("a"))()) == [("a", "created")]


def test_the_exported_version_of_a_group_has_its_author(crowd: Crowd) -> None:
    crowd.come([asks(one("first")), asks(one("a"), by="bea"), asks(one("b"), by="bea")])
    assert mcpjson_export.wait_idle(10)
    authors = {name for row in ConfigVersion.objects.all() for name in row.author.split(", ")}
    assert authors == {"ann", "bea"}
    last = ConfigVersion.objects.latest("number")
    assert set(json.loads(last.document)["mcpServers"]) == {"first", "a", "b"}
