"""What is sent to the web process is bounded before it is kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import psutil
import pytest
from django.contrib.auth.models import User

from tests.support.web import Web, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
MB = 1024 * 1024
TOKEN = "a" * 32


def flood(megabytes: int = 100) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield b"x" * MB


def form(megabytes: int) -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="mcp.json"\r\n\r\n'
    yield from flood(megabytes)
    yield b"\r\n--b--\r\n"


SAID, UPLOAD = {"Content-Length": str(100 * MB)}, {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/api/v1/services", flood, SAID),
        ("/api/v1/imports", flood, {}),
        ("/import/", flood, SAID),
        ("/import/", lambda: form(100), UPLOAD),
    ],
)
def test_a_hundred_megabytes_are_refused_and_cost_no_memory(
    web: Web, path: str, body: Any, headers: dict[str, str]
) -> None:
    process = psutil.Process(web.process.pid)
    before = process.memory_info().rss
    answer = httpx2.post(web.address + path, content=body(), headers=headers, trust_env=False)
    assert answer.status_code == 413
    assert "larger than 4 MiB" in answer.text
    assert (answer.headers["X-Request-ID"] in answer.text) == (not path.startswith("/api/"))
    assert (answer.headers["content-type"] == "application/json") == path.startswith("/api/")
    assert process.memory_info().rss - before < 20 * MB


def test_what_the_limit_allows_comes_whole(web: Web) -> None:
    cookie = f"{sign_in('ann')}; csrftoken={TOKEN}"
    User.objects.update(is_superuser=True)
    headers = {"Cookie": cookie, "X-CSRFToken": TOKEN, **UPLOAD}
    with httpx2.Client(base_url=web.address, headers=headers, trust_env=False) as client:
        assert "larger than 1 MiB" in client.post("/import/", content=b"".join(form(3))).text
        small = b"".join(form(0)).replace(b"\r\n\r\n", b'\r\n\r\n{"small": {"url": "https://a.example"}}', 1)
        answer = client.post("/import/", content=small)
    assert (answer.status_code, "small" in answer.text) == (200, True)


def test_a_client_that_asks_first_is_told_at_once(web: Web) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=5) as client:
        client.sendall(
            b"POST /api/v1/services HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")
