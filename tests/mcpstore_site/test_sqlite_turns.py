"""Writers on SQLite take turns: whoever commits without a pause keeps nobody else waiting."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from mcpstore_site.sqlite3 import base
from mcpstore_site.sqlite3.line import Line
from registry.access import audit
from registry.models import AuditEntry
from tests.support.console import eventually
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 0.1
GREEDY = f"""
import os, time
os.environ["DJANGO_SETTINGS_MODULE"] = "mcpstore_site.settings"
import django
django.setup()
from django.db import connections, transaction
from django.utils import timezone
from mcpstore_site.sqlite3 import base
from mcpstore_site.sqlite3.line import Line
from registry.access import audit
connections["default"].settings_dict["NAME"] = os.environ["PLACE"]
until = time.monotonic() + 60
print("ready", flush=True)
while time.monotonic() < until:
    with transaction.atomic():
        audit.note("greedy", "wrote", "x", now=timezone.now())
        time.sleep({LONG})
"""


@pytest.fixture
def greedy(tmp_path: Path) -> Iterator[None]:
    """A process that commits every 0.1 s, and begins anew at once."""
    environment = {"MCPSTORE_DATA_DIR": str(tmp_path), "PLACE": str(connection.settings_dict["NAME"])}
    command = [sys.executable, "-c", GREEDY]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    while not AuditEntry.objects.filter(actor="greedy").exists():
        time.sleep(0.01)
    yield
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_write_waits_for_one_transaction_of_another_process_and_not_for_all(greedy: None) -> None:
    now, took = timezone.now(), []
    for number in range(20):
        began = time.monotonic()
        if number % 2:
            AuditEntry.objects.create(at=now, actor="us", action="outside a transaction", target="x")
        else:
            with transaction.atomic():
                audit.note("us", "inside one", "x", now=now)
        took.append(time.monotonic() - began)
    assert AuditEntry.objects.filter(actor="us").count() == 20
    assert max(took) < 30 * LONG
    assert sorted(took)[10] < 10 * LONG


def test_threads_that_write_without_a_pause_keep_another_process_waiting_for_moments_only(
    greedy: None,
) -> None:
    """It commits every 0.1 s if it is let: eight threads here would never leave the turnstile to it."""
    before, stop = AuditEntry.objects.filter(actor="greedy").count(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            AuditEntry.objects.create(at=timezone.now(), actor="us", action="wrote", target="x")
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    eventually(lambda: AuditEntry.objects.filter(actor="greedy").count() >= before + 10, "it wrote", 30)
    stop.set()
    for thread in threads:
        thread.join()


def test_writers_of_one_process_come_in_the_order_in_which_they_asked() -> None:
    line, came = Line(), []
    assert line.enter(time.monotonic() + 5)

    def write(number: int) -> None:
        assert line.enter(time.monotonic() + 5)
        came.append(number)
        line.leave()

    threads = [threading.Thread(target=write, args=[number]) for number in range(30)]
    for waiting, thread in enumerate(threads, 1):
        thread.start()
        eventually(lambda waiting=waiting: len(line._waiting) == waiting, "it waits")  # type: ignore[misc]
    line.leave()
    for thread in threads:
        thread.join()
    assert came == list(range(30))
    assert line.enter(0)


def test_who_lost_patience_is_passed_over() -> None:
    line = Line()
    assert line.enter(0)
    assert not line.enter(time.monotonic() + 0.01)
    line.leave()
    assert line.enter(0)


def test_signing_in_beside_it_takes_its_turns(greedy: None) -> None:
    User.objects.create_user("ann", password="a-long-enough-one")
    began = time.monotonic()
    answer = Client().post("/login/", {"username": "ann", "password": "a-long-enough-one"})
    assert answer.status_code == 302
    assert time.monotonic() - began < 100 * LONG


def test_whoever_holds_the_lock_for_too_long_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.3)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for write in (lambda: AuditEntry.objects.update(actor="x"), lambda: transaction.atomic().__enter__()):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            write()
        assert 0.3 <= time.monotonic() - began < 2
    other.execute("ROLLBACK")
    other.close()
    connection.close()
    assert AuditEntry.objects.update(actor="x") == 0


def test_a_turnstile_that_is_somebody_else_s_keeps_nobody_from_writing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_file = os.open

    def refusing(path: str, *more: int) -> int:
        if str(path).endswith("-turn"):
            raise PermissionError(13, "Permission denied", path)
        return open_file(path, *more)

    connection.close()
    monkeypatch.setattr(os, "open", refusing)
    for _ in range(2):
        with transaction.atomic():
            audit.note("ann", "wrote", "x", now=timezone.now())
    assert AuditEntry.objects.filter(actor="ann").count() == 2
    assert caplog.text.count("do not take turns") == 1
    connection.close()


def test_what_root_makes_first_is_given_to_whom_the_database_belongs_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, given = tmp_path / "some.sqlite3", []
    database.touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _file, *owner: given.append(owner))
    os.close(base._opened(str(database)))
    assert given == [(database.stat().st_uid, database.stat().st_gid)]
