"""What is made while it is sent: in constant memory however slow the client, and only while it listens."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import psutil
import pytest
from django.test import RequestFactory
from django.utils import timezone

from lifecycle.models import StateChange
from lifecycle.pages.reading import streaming
from registry.access import tokens
from registry.models import Role
from tests.support.api import user_of
from tests.support.pages import make_service
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
SERVICES, LINES = 100, 100
MEGABYTE = 1024 * 1024
AT_MOST = 20 * MEGABYTE
"""Half of what the four answers are that nobody takes."""


@pytest.fixture
def token() -> str:
    """Of a viewer, on a console with a day of many events: more than 8 MB as JSON."""
    now = timezone.now()
    fill(now)
    return tokens.issue(user_of(Role.VIEWER), Role.VIEWER, now)


def fill(now: datetime) -> None:
    """Long lines, which cost a lot of bytes and little time."""
    for number in range(SERVICES):
        service = make_service(f"s{number:03}")
        StateChange.objects.bulk_create(
            StateChange(
                service=service, before="RECONNECTING", after="RECONNECTING", event="failed",
                at=now - timedelta(minutes=n), error_message="no answer " * 100,
            )
            for n in range(LINES, 0, -1)
        )  # fmt: skip


class Slow:
    """A client that asks, and takes little or nothing of the answer."""

    def __init__(self, web: Web, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", web.port))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        head = f"GET /api/v1/export.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        self.socket.sendall(head.encode())
        assert b"200 OK" in self.socket.recv(1000)


def exported(web: Web, token: str) -> httpx2.Response:
    address, headers = f"{web.address}/api/v1/export.json", {"Authorization": f"Bearer {token}"}
    return httpx2.get(address, headers=headers, trust_env=False, timeout=100)


def test_a_slow_client_costs_no_memory_and_no_place_once_it_is_gone(web: Web, token: str) -> None:
    process = psutil.Process(web.process.pid)
    for _ in range(2):  # the first answers also fill caches and the allocator's pools
        whole = exported(web, token)
    size = len(whole.content)
    assert size > 8 * MEGABYTE
    assert len(json.loads(whole.content)["services"]) == SERVICES
    before = process.memory_info().rss
    clients = [Slow(web, token) for _ in range(streaming.AT_ONCE)]
    try:
        assert exported(web, token).status_code == 503
        time.sleep(2)
        assert process.memory_info().rss - before < AT_MOST
    finally:
        for client in clients:
            client.socket.close()
    end = time.monotonic() + 20
    while (answer := exported(web, token)).status_code == 503:
        assert time.monotonic() < end, "the places are not given back"
        time.sleep(0.2)
    assert len(answer.content) == pytest.approx(size, rel=0.01)
    assert process.memory_info().rss - before < AT_MOST


def test_an_answer_that_nobody_reads_gives_its_place_back() -> None:
    request = RequestFactory().get("/")
    for _ in range(streaming.AT_ONCE * 2):
        streaming.answer(request, lambda: iter(["x"]), "text/plain", "x.txt").close()
    held = [streaming.answer(request, parts, "text/plain", "x.txt") for _ in range(streaming.AT_ONCE)]
    with pytest.raises(streaming.BusyError):
        streaming.answer(request, parts, "text/plain", "x.txt")
    for answer in held:
        content: Any = answer.streaming_content
        assert b"".join(content) == b"onetwo"
    streaming.answer(request, parts, "text/plain", "x.txt").close()


def parts() -> Iterator[str]:
    yield "one"
    yield "two"
