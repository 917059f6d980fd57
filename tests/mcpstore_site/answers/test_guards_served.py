"""A real web process guards what no view answers: static files, and what is refused as it comes in."""

from __future__ import annotations

import re
import socket

import httpx2
import pytest

from tests.mcpstore_site.answers.test_pages_guards import lacking
from tests.support.web import Web


@pytest.mark.django_db(transaction=True)
def test_a_real_web_process_says_so_of_static_files_and_what_is_too_large(web: Web) -> None:
    with httpx2.Client(base_url=web.address, trust_env=False) as client:
        page = client.get("/login/")
        sheet = re.search(r'href="(/static/console[^"]*\.css)"', page.text)
        assert sheet
        part = client.get(sheet[1])
        assert part.headers["X-Content-Type-Options"] == "nosniff"
        assert part.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Content-Security-Policy" not in part.headers, "no page, and half a kilobyte"
        for path, status in (
            ("/static/none.css", 404),
            ("/static/", 404),
            ("/healthz", 200),
        ):
            answer = client.get(path)
            assert answer.status_code == status
            assert lacking(answer.headers, kept=path.startswith("/static/")) == [], path
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as raw:
        raw.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
        head, *lines = raw.recv(8192).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head.split()[1] == "413"
    assert lacking({name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}) == []
