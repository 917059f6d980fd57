"""A worker that is killed tells nobody: the web process does, by mail, once, and tells its return once."""

from __future__ import annotations

import signal
import time
from typing import Any

import psutil
import pytest

from tests.guarantees import figures
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.receivers import SmtpReceiver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SEEN_WITHIN, TOLD_WITHIN, BETWEEN = 30, 15, 60
OF_WORKERS = "FROM lifecycle_episode WHERE subject_kind = 'worker'"  # a busy host has one of its own
"""In seconds; a channel sends each minute at most, and what ends is not urgent."""


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter, smtp_receiver: SmtpReceiver) -> Console:
    return start_console(None, EMAIL_URL=smtp_receiver.url)


def rule_with_mail(console: Console) -> None:
    values: dict[str, Any] = {"name": "mail", "kind": "email", "settings": {"to": "ops@example.org"}}
    made = console.api.post("channels", json=values)
    assert made.status_code == 201, made.text
    rules = console.api.get("alert-rules").json()["results"]
    number = next(rule["id"] for rule in rules if rule["condition"] == "worker-silent")
    given = console.api.patch(f"alert-rules/{number}", json={"channels": ["mail"]})
    assert given.status_code == 200, given.text


def test_a_killed_worker_is_told_of_once_and_so_is_its_return(
    console: Console, smtp_receiver: SmtpReceiver
) -> None:
    rule_with_mail(console)
    assert console.process is not None
    up, worker = psutil.Process(console.process.pid), console.worker()
    name = console.rows("SELECT name FROM lifecycle_workerseen")[0]["name"]
    up.suspend()  # it would start another at once
    worker.kill()
    began = time.monotonic()
    try:
        eventually(lambda: smtp_receiver.messages, "a mail", SEEN_WITHIN + TOLD_WITHIN)
        figures.note(8, "a dead worker is told of by mail after", time.monotonic() - began, "s")
        assert smtp_receiver.subjects()[0].startswith(f"[CRITICAL] Worker {name}: no sign of life for 3")
    finally:
        up.resume()
    eventually(lambda: len(smtp_receiver.messages) > 1, "the mail of its return", BETWEEN + 40)
    text = smtp_receiver.messages[1].get_body(("plain",))
    assert text is not None and f"Worker {name}: “Worker silent” is over" in text.get_content()
    assert [row["state"] for row in console.rows(f"SELECT state {OF_WORKERS}")] == ["resolved"]
    assert console.worker().pid != worker.pid and len(smtp_receiver.messages) == 2


def test_a_worker_that_is_stopped_on_purpose_is_not_missed(
    console: Console, smtp_receiver: SmtpReceiver
) -> None:
    before = len(smtp_receiver.messages), len(console.rows(f"SELECT 1 {OF_WORKERS}"))
    assert console.process is not None
    up, worker = psutil.Process(console.process.pid), console.worker()
    up.suspend()
    try:
        worker.send_signal(signal.SIGTERM)
        stopped = "SELECT 1 FROM lifecycle_workerseen WHERE stopped_at IS NOT NULL"
        eventually(lambda: console.rows(stopped), "it says that it stops", 20)
        look = "SELECT max(julianday('now') - julianday(seen_at)) * 86400 AS s FROM lifecycle_workerseen"
        eventually(lambda: console.rows(look)[0]["s"] > SEEN_WITHIN + TOLD_WITHIN, "it is long gone", 90)
        assert (len(smtp_receiver.messages), len(console.rows(f"SELECT 1 {OF_WORKERS}"))) == before
    finally:
        up.resume()
