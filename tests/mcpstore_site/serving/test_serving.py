"""The web process ends cleanly and soon, whatever it is doing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed

from lifecycle.live.socket.client import RESTARTING
from mcpstore_site.serving.listening import listen
from tests.support.console import eventually
from tests.support.tools import ROOT
from tests.support.web import Web, show, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own_web(django_db_setup: None) -> Iterator[Web]:
    server = Web()
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()


@contextmanager
def busy_database() -> Iterator[None]:
    """Hold the write lock, so that whoever signs out waits."""
    with sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    connection.close()


class SignOuts:
    """So many people sign out at once; `.statuses` are the answers, 0 where the connection broke."""

    def __init__(self, web: Web, count: int) -> None:
        self.web = web
        self.statuses: list[int] = []
        self.sessions = [sign_in(f"user{number}") for number in range(count)]
        self.threads = [threading.Thread(target=self._sign_out, args=(key,)) for key in self.sessions]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()
        eventually(lambda: self._accepted() >= len(self.threads), "all requests have been accepted")
        time.sleep(0.5)

    def _accepted(self) -> int:
        found = psutil.Process(self.web.process.pid).net_connections("tcp")
        return sum(1 for connection in found if connection.status == psutil.CONN_ESTABLISHED)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(20)

    def _sign_out(self, cookie: str) -> None:
        token = "a" * 32
        headers = {"Cookie": f"{cookie}; csrftoken={token}", "X-CSRFToken": token}
        url = f"{self.web.address}/logout/"
        try:
            answer = httpx2.post(url, headers=headers, timeout=30, trust_env=False)
            self.statuses.append(answer.status_code)
        except httpx2.TransportError:
            self.statuses.append(0)


def test_sigterm_cuts_off_requests_that_do_not_end(own_web: Web, cookie: str) -> None:
    sign_outs = SignOuts(own_web, 8)
    with own_web.socket(cookie) as socket, busy_database():
        show(socket)
        sign_outs.start()
        began = time.monotonic()
        assert own_web.stop() == 0
        assert time.monotonic() - began < 7
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == RESTARTING
    sign_outs.join()
    assert sign_outs.statuses == [0] * 8


def test_sigterm_lets_requests_finish(own_web: Web, transactional_db: None) -> None:
    sign_outs = SignOuts(own_web, 4)
    with busy_database():
        sign_outs.start()
        own_web.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    assert own_web.process.wait(10) == 0
    sign_outs.join()
    assert sign_outs.statuses == [302] * 4


def test_an_idle_process_ends_at_once(own_web: Web) -> None:
    with httpx2.Client(base_url=own_web.address, trust_env=False) as client:
        client.get("/healthz")
        began = time.monotonic()
        assert own_web.stop() == 0
        assert time.monotonic() - began < 2


def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "up"):
            done = subprocess.run(
                [sys.executable, "manage.py", command, "--port", port],
                cwd=ROOT,
                env={**os.environ, "MCPSTORE_DATA_DIR": str(tmp_path)},
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 1
            assert f"127.0.0.1:{port}" in done.stderr
            assert "--port" in done.stderr
            assert "Traceback" not in done.stderr
            assert "Password" not in done.stdout
