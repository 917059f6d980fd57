"""Connections that ask nothing keep nobody else out."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from mcpstore_site.serving import guests
from mcpstore_site.serving.guests import Guests
from tests.support.console import eventually
from tests.support.tools import ROOT
from tests.support.web import Web

FILES = 400


class SmallWeb(Web):
    """A web process that may have few files open, and begins with fewer still."""

    log: Path

    def start(self) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.environment,
                stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES // 2, FILES)),
            )
        self.wait_until_up()


@pytest.fixture
def small_web(django_db_setup: None, tmp_path: Path) -> Iterator[SmallWeb]:
    SmallWeb.log = tmp_path / "log"
    server = SmallWeb()
    yield server
    server.stop()


def connected(web: Web, stack: ExitStack, count: int) -> list[socket.socket]:
    return [
        stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=10))
        for _ in range(count)
    ]


def test_more_idle_connections_than_files_leave_the_console_reachable(small_web: SmallWeb) -> None:
    with ExitStack() as stack:
        idle = connected(small_web, stack, 10)
        idle[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        connected(small_web, stack, FILES + 200)
        answer = httpx2.get(f"{small_web.address}/healthz", trust_env=False, timeout=5)
        assert answer.status_code == 200
        eventually(lambda: "on which nothing was asked" in small_web.log.read_text(), "it is logged")
        assert "127.0.0.1" in small_web.log.read_text()
    limit = Path(f"/proc/{small_web.process.pid}/limits").read_text()
    assert f"Max open files            {FILES}" in limit


class Channel:
    cut = False

    def cut_off(self) -> None:
        self.cut = True


def came(guests: Guests, count: int, address: str) -> list[Channel]:
    channels = [Channel() for _ in range(count)]
    for channel in channels:
        guests.waits(channel, address)
    return channels


def test_one_address_has_a_share_and_loses_its_own_oldest() -> None:
    found = Guests(80)
    others = came(found, 10, "192.0.2.1")
    flood = came(found, 30, "192.0.2.2")
    assert [channel.cut for channel in others] == [False] * 10
    assert [channel.cut for channel in flood] == [True] * 20 + [False] * 10


def test_a_trusted_proxy_may_have_all_the_room() -> None:
    found = Guests(80, ["192.0.2.0/24"])
    assert not any(channel.cut for channel in came(found, 40, "192.0.2.1"))
    assert sum(channel.cut for channel in came(found, 60, "192.0.2.1")) < 60


def test_who_sends_no_head_in_time_is_cut_off_and_who_asks_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("mcpstore_site.serving.guests.time.monotonic", lambda: now)
    found = Guests(80)
    silent, sending, answered = came(found, 3, "192.0.2.1")
    found.sends(sending)
    found.left(answered)
    now += guests.ASK_WITHIN + 1
    found.look()
    assert (silent.cut, sending.cut, answered.cut) == (True, False, False)
    now += guests.SEND_WITHIN
    found.look()
    assert (sending.cut, answered.cut) == (True, False)
