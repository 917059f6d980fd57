"""A disk that is full, a database that is locked or gone: the answer says so, and when to try again."""

from __future__ import annotations

import errno
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from registry.access import tokens
from registry.access.sessions.queries import SEEN
from registry.agents import tokens as agent_tokens
from registry.agents.operations import GLOBAL_AGENT
from registry.installation import trouble
from registry.models import Agent, ApiToken, Role, Service

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def full() -> Iterator[None]:
    """SQLite may not add a page, as on a disk without room, and the table of sessions has none left."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        for length in (4000, 200, 1):
            fill(length)
        yield
        cursor.execute("PRAGMA max_page_count = 1073741823")


def fill(length: int) -> None:
    """Sessions of *length* characters until none has found room for a while, wherever its key belongs."""
    refused = 0
    while refused < 20:
        try:
            Session.objects.create(
                session_key=secrets.token_hex(16), session_data="x" * length, expire_date=timezone.now()
            )
        except OperationalError:
            refused += 1


@contextmanager
def locked() -> Iterator[None]:
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def gone() -> Iterator[None]:
    """The file is put away while the console runs."""
    place = Path(str(connection.settings_dict["NAME"]))
    connection.close()
    aside = place.rename(place.with_suffix(".aside"))
    yield
    assert not place.exists()
    aside.rename(place)


@contextmanager
def no_room_at_all() -> Iterator[None]:
    """Not even for the journal of a change in place."""

    def refuse(execute: Any, sql: str, *more: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *more)

    with connection.execute_wrapper(refuse):
        yield


CASES = [(full, 507, "disk_full"), (locked, 503, "database_locked"), (gone, 503, "database_missing")]
Case = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.3)
    monkeypatch.setattr(trouble, "_said", {})
    admin = User.objects.create_superuser("ann", password="a-long-enough-one")
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    return Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)


def register(client: Client) -> Any:
    entries = {f"s{n}": {"url": "https://a.example/mcp", "description": "x" * 2000} for n in range(30)}
    return client.post("/api/v1/services", json.dumps(entries), content_type="application/json")


@pytest.mark.parametrize(("case", "status", "code"), CASES)
def test_a_program_is_told_what_is_wrong_and_when_to_try_again(
    client: Client, caplog: pytest.LogCaptureFixture, case: Case, status: int, code: str
) -> None:
    with case():
        answer = register(client)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert int(answer["Retry-After"]) > 0
        register(client)
    assert caplog.text.count(answer.json()["error"]["message"]) == 1
    assert Service.objects.count() == 0
    assert register(client).status_code == 200
    assert Service.objects.count() == 30


@pytest.mark.parametrize(("case", "status", "code"), CASES)
def test_whoever_signs_in_is_told_on_a_page(client: Client, case: Case, status: int, code: str) -> None:
    given = {"username": "ann", "password": "a-long-enough-one"}
    with case():
        answer = client.post("/login/", given)
        page = answer.content.decode()
    assert answer.status_code == status
    assert int(answer["Retry-After"]) > 0
    assert "Temporarily unavailable" in page
    assert "made a mistake" not in page
    assert client.post("/login/", given).status_code == 302


@pytest.mark.parametrize("case", [no_room_at_all, locked])
def test_what_is_read_is_answered_and_what_it_would_note_is_left_out(
    client: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 5)
    agent = agent_tokens.issue(GLOBAL_AGENT, by="ann", now=timezone.now())
    browser, place = Client(), reverse("agent_mcpjson", args=[GLOBAL_AGENT])
    browser.force_login(User.objects.get(), "django.contrib.auth.backends.ModelBackend")
    asked = [
        (client, "/api/v1/services"),
        (Client(), f"{place}?token={agent}"),
        (browser, "/signed-in/?token=1"),
    ]
    with case():
        began = time.monotonic()
        assert [who.get(where).status_code for who, where in asked] == [200, 200, 200]
        assert time.monotonic() - began < 4
        assert (ApiToken.objects.get().last_used_at, SEEN in browser.session) == (None, False)
    for who, where in asked:
        who.get(where)
    assert ApiToken.objects.get().last_used_at is not None
    assert Agent.objects.get().token_used_at is not None
    assert SEEN in browser.session
    assert browser.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == settings.SESSION_COOKIE_AGE


def test_a_button_of_the_page_is_answered_by_a_message(client: Client) -> None:
    client.force_login(User.objects.get(), "django.contrib.auth.backends.ModelBackend")
    with gone():
        answer = client.get("/services/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (503, "#messages")
    assert "cannot be opened" in answer.content.decode()


def test_a_mistake_of_ours_stays_one() -> None:
    assert trouble.of(ValueError("x")) is None
    assert trouble.of(IntegrityError("UNIQUE constraint failed")) is None


def caused(cause: BaseException) -> OperationalError:
    error = OperationalError("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("exc", "code"),
    [
        (caused(psycopg.errors.DiskFull()), "disk_full"),
        (caused(psycopg.OperationalError("connection refused")), "database_unreachable"),
        (caused(psycopg.errors.TooManyConnections()), "database_unreachable"),
        (caused(psycopg.errors.AdminShutdown()), "database_unreachable"),
        (caused(psycopg.errors.LockNotAvailable()), "database_locked"),
        (caused(psycopg.errors.ReadOnlySqlTransaction()), "database_read_only"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk_full"),
    ],
)
def test_what_postgresql_and_the_system_report_is_told_in_words(exc: BaseException, code: str) -> None:
    found = trouble.of(exc)
    assert found is not None
    assert found.code == code
