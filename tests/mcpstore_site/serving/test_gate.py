"""The web process starts beside the preparation, and serves nothing before that is done."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from mcpstore_site.management.commands import up
from mcpstore_site.serving import supervision
from mcpstore_site.serving.gate import EarlyChild
from mcpstore_site.serving.listening import listen
from tests.support.console import Console, eventually
from tests.support.tools import ROOT

CHILD = """
import sys, time
from mcpstore_site.serving.gate import pass_through
time.sleep(0.5)
open(sys.argv[1], "a").write("warm ")
open(sys.argv[1], "a").write("in" if pass_through(int(sys.argv[3])) else "out")
"""


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    """A program that takes a while until it is warm; what became of it is in the file."""
    argv = [sys.executable, "-c", CHILD, str(tmp_path / "became")]
    return {"name": "early", "argv": argv, "pass_fds": []}


@pytest.fixture
def early(spec: dict[str, Any]) -> Iterator[EarlyChild]:
    child = EarlyChild(spec)
    yield child
    child.abandon()


def ended(child: EarlyChild) -> bool:
    return child.pid == 0


def test_waiting_ends_when_the_child_has_everything(early: EarlyChild, tmp_path: Path) -> None:
    early.wait()
    assert (tmp_path / "became").read_text() == "warm "
    assert early.pid
    early.open()
    eventually(lambda: ended(early), "the child goes on")
    assert (tmp_path / "became").read_text() == "warm in"


def test_without_the_parent_it_ends(early: EarlyChild, tmp_path: Path) -> None:
    early._end.close()
    eventually(lambda: ended(early), "the child ends")
    assert (tmp_path / "became").read_text() == "warm out"


def test_a_child_that_took_too_long_goes_on_when_it_is_warm(
    early: EarlyChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcpstore_site.serving.gate.PATIENCE", 0.01)
    early.wait()
    assert not (tmp_path / "became").exists()
    early.open()
    early._end.close()
    eventually(lambda: ended(early), "the child goes on")
    assert (tmp_path / "became").read_text() == "warm in"


def test_a_child_that_dies_is_not_waited_for_and_is_started_anew(spec: dict[str, Any]) -> None:
    child = EarlyChild({**spec, "argv": [sys.executable, "-c", "raise SystemExit(3)"]})
    child.wait()
    eventually(lambda: ended(child), "the child is known to have ended", 5)
    child.open()
    child.abandon()


def test_the_web_process_serves_nothing_before_and_nothing_without_up(tmp_path: Path) -> None:
    """It is warm where there is no table yet, and the request that waits gets no answer."""
    outside, inside = socket.socketpair()
    with listen("127.0.0.1", 0) as listener, outside:
        with inside:
            fds = (listener.fileno(), inside.fileno())
            web = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--fd", str(fds[0]), "--gate", str(fds[1])],
                cwd=ROOT,
                env={**os.environ, "MCPSTORE_DATA_DIR": str(tmp_path / "new")},
                pass_fds=fds,
            )
        outside.settimeout(30)
        assert outside.recv(1) == b"."
        with socket.create_connection(listener.getsockname()) as browser:
            browser.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            browser.settimeout(0.5)
            with pytest.raises(TimeoutError):
                browser.recv(1)
        outside.close()
        assert web.wait(10) == 1


def test_a_preparation_that_fails_leaves_no_process(tmp_path: Path) -> None:
    console = Console(tmp_path / "broken")
    console.data_dir.mkdir()
    (console.data_dir / "mcpstore.sqlite3").write_bytes(b"no database " * 1000)
    done = console.manage("up", check=False)
    assert done.returncode != 0
    assert "Address" not in done.stdout
    assert "Traceback" not in done.stderr
    assert f"not a database. Put a backup in the place of {console.data_dir}" in done.stderr
    with listen("127.0.0.1", console.port):
        """Nobody else has the socket."""


class Told:
    """Stands for what `up` deals with, and notes in which order it does."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: self.order.append(name)

    def write(self, text: str) -> None:
        self.order.append(text.split(":")[0].strip())


def test_the_address_is_said_when_the_page_would_be_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    told.pid = 0  # type: ignore[attr-defined]
    for name in ("lock_data_directory", "began_anew", "never_signed_in", "prepare", "reach"):
        monkeypatch.setattr(up, name, getattr(told, name))
    monkeypatch.setattr(up, "connections", told)
    monkeypatch.setattr(up, "supervision", told)
    monkeypatch.setattr(up, "EarlyChild", lambda spec: told.start() or told)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with listen("127.0.0.1", 0) as listener:
        monkeypatch.setattr(up, "listen", lambda host, port: listener)
        call_command("up", stdout=told)
    assert told.order == [
        *("lock_data_directory", "start", "reach", "hold_signals", "began_anew", "prepare"),
        "never_signed_in",
        *("close_all", "wait", "Address", "open", "become"),
    ]


SUPERVISED = """
import signal, sys
from mcpstore_site.serving import supervision
signal.signal(signal.SIGINT, signal.SIG_DFL)
child = supervision.Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
child.start()
supervision.hold_signals()
signal.raise_signal(int(sys.argv[1]))
print(child.process.pid, flush=True)
supervision.become([{"name": child.name, "argv": child.argv, "pid": child.process.pid}])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_on_the_way_to_the_supervisor_still_stops_the_children(number: signal.Signals) -> None:
    command = [sys.executable, "-c", SUPERVISED, str(int(number))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "up: stopping" in done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_an_adopted_child_is_known_to_have_ended_and_how() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    adopted = supervision.Child("sleeper", [], pid=process.pid)
    assert adopted.running
    process.send_signal(signal.SIGKILL)
    eventually(lambda: not adopted.running, "it is seen to have ended", 5)
    assert adopted.process is not None
    assert adopted.process.returncode == -signal.SIGKILL
    process.wait()


def test_a_child_that_the_machine_forgot_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert supervision.Adopted(process.pid).poll() == 0
