"""One command runs all of it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.tools import ROOT


def alive(processes: list[psutil.Process]) -> list[str]:
    """The command lines of those that still run."""
    found = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.NoSuchProcess:
            continue
    return found


def test_the_password_is_printed_once_and_opens_the_page(console: Console) -> None:
    lines = console.output().splitlines()
    assert lines[:2] == [f"Address: {console.address}", "User: admin"]
    assert lines[2].startswith("Password: ")
    with httpx2.Client(
        base_url=console.address, follow_redirects=True, timeout=20, trust_env=False
    ) as client:
        page = client.get("/login/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "admin", "password": console.password, "csrfmiddlewaretoken": token}
        assert client.post("/login/", data=form).status_code == 200
        assert client.get("/live/poll/").status_code == 200
    private = [path for path in console.data_dir.iterdir() if path.name in ("django.key", "up.lock")]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private)


def test_a_start_says_nothing_about_how_the_server_is_built(console: Console) -> None:
    assert "worker started" in console.output()
    assert "HTTP/2" not in console.output()


def test_a_second_console_on_the_same_data_is_refused(console: Console) -> None:
    done = console.manage("up", "--port", "1", check=False)
    assert done.returncode == 1
    other = Console(console.data_dir)
    done = other.manage("up", check=False)
    assert done.returncode == 1
    assert "already running with the data directory" in done.stderr


@pytest.mark.parametrize("command", ["serve", "runlifecycle"])
def test_what_dies_is_started_again_and_no_connection_is_refused(console: Console, command: str) -> None:
    process = console.process_running(command)
    assert process is not None
    process.kill()
    assert httpx2.get(f"{console.address}/healthz", timeout=20, trust_env=False).status_code == 200
    again = eventually(lambda: console.process_running(command), f"{command} runs again", 20)
    assert again is not None and again.pid != process.pid


def test_a_restart_keeps_everything_and_sigterm_leaves_nothing(start_console: ConsoleStarter) -> None:
    console = start_console()
    first, processes = console.password, console.processes()
    assert console.stop() == 0
    assert alive(processes) == []
    assert console.output().count("Password: ") == 1
    console.start()
    assert console.output().count("Password: ") == 1
    assert console.output().count("Address: ") == 2
    assert console.password == first


def test_ctrl_c_stops_all_of_it(start_console: ConsoleStarter) -> None:
    console = start_console()
    processes = console.processes()
    assert console.process is not None
    console.process.send_signal(signal.SIGINT)
    assert console.process.wait(30) == 0
    assert alive(processes) == []
    assert "Traceback" not in console.output()


@pytest.mark.parametrize("after", [0.8, 1.6, 2.4])
def test_a_first_start_that_is_interrupted_loses_neither_tables_nor_password(
    start_console: ConsoleStarter, tmp_path: Path, after: float
) -> None:
    first = Console(tmp_path / "early")
    with first.log.open("wb") as log:
        command = [sys.executable, "manage.py", "up"]
        process = subprocess.Popen(command, cwd=ROOT, env=first.environment, stdout=log, stderr=log)
    try:
        time.sleep(after)  # anywhere in the preparation; where that is depends on the machine
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    said = first.output()
    assert "Traceback" not in said
    again = start_console(first.data_dir)
    log_of_both = again.output() if again.log == first.log else said + again.output()
    assert log_of_both.count("Password: ") == 1
    assert ("has not signed in yet" in log_of_both) == ("Password: " in said)


SWALLOWING = """
import signal
class Dropped:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Dropped()
raise SystemExit("it went on")
"""


def interrupted_where_python_swallows_it(place: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Ctrl-C comes while the settings are imported, at a point where no exception can be raised."""
    (place / "swallowing.py").write_text(SWALLOWING)
    environment = {**os.environ, "PYTHONPATH": str(place), "DJANGO_SETTINGS_MODULE": "swallowing"}
    return subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_a_ctrl_c_that_python_would_swallow_ends_the_start(tmp_path: Path) -> None:
    done = interrupted_where_python_swallows_it(tmp_path, "up")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_ctrl_c_that_was_ignored_from_the_beginning_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = interrupted_where_python_swallows_it(tmp_path, "up")
    finally:
        signal.signal(signal.SIGINT, before)
    assert "it went on" in done.stderr


def test_a_killed_up_leaves_no_child(start_console: ConsoleStarter) -> None:
    console = start_console()
    processes = console.processes()
    assert len(processes) >= 3
    assert console.process is not None
    console.process.kill()
    console.process.wait()
    time.sleep(0.2)
    eventually(lambda: not alive(processes), "no child is left", 6)


def test_demonstration_services_come_up_and_come_back(start_console: ConsoleStarter, tmp_path: Path) -> None:
    console = start_console(tmp_path / "demo", DEMO="1")
    for name in ("clock", "notes", "dice"):
        console.wait_for(name, "HEALTHY", seconds=40)
    assert console.call("dice", "roll", count=3)["ok"]
    processes = console.processes()
    assert console.stop() == 0
    assert alive(processes) == []
    del console.environment["DEMO"]
    console.start()
    for name in ("clock", "notes", "dice"):
        console.wait_for(name, "HEALTHY", seconds=40)
