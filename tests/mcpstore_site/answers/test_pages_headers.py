"""What all answers have in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lifecycle.core.machine.states import State
from lifecycle.live.socket import client
from registry.core.plain_text import INSTEAD, neutral
from registry.models import AuditEntry
from tests.support.pages import HTMX, make_change, make_service, make_tool, text_of
from tests.support.tools import ROOT

BAD = "a\u202egnp.exe\x1b[2J\u2066b\x9b\u200b"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/services/", "/services/weather/", "/api/v1/services", "/login/", "/no/such/"]
)
def test_a_page_with_data_is_kept_nowhere(viewer: Client, path: str) -> None:
    make_service()
    assert "no-store" in viewer.get(path).headers["Cache-Control"]


@pytest.mark.django_db
def test_characters_of_a_server_that_steer_the_screen_are_shown_as_a_sign(viewer: Client) -> None:
    service = make_service()
    make_change(service, State.HEALTHY, reason=BAD)
    make_tool(service, name=BAD, description=BAD)
    for path in ("/services/weather/", "/services/weather/logs.txt"):
        page = text_of(viewer.get(path))
        assert page == neutral(page)
    assert f"a{INSTEAD}gnp.exe{INSTEAD}[2J" in text_of(viewer.get("/services/weather/"))


def test_plain_text_stays_as_it_is() -> None:
    text = "Zeile 1\r\n\tשלום مرحبا 你好 👩‍💻 – “ok” …"
    assert neutral(text) == text


def _settings(tmp_path: Path, url: str) -> dict[str, str]:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_AGE")
    program = f"from mcpstore_site import settings as s; print(*[getattr(s, n) for n in {names}])"
    place = {"MCPSTORE_DATA_DIR": str(tmp_path), "MCPSTORE_PUBLIC_URL": url, "MCPSTORE_IDLE_MINUTES": "30"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **place},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(zip(names, done.stdout.split(), strict=True))


def test_over_https_cookies_are_this_hosts_alone_and_the_browser_stays_there(tmp_path: Path) -> None:
    assert _settings(tmp_path, "https://mcp.example.org") == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SECURE_HSTS_SECONDS": "31536000",
        "SESSION_COOKIE_AGE": "1800",
    }
    plain = _settings(tmp_path, "http://127.0.0.1:8000")
    assert (plain["SESSION_COOKIE_NAME"], plain["SECURE_HSTS_SECONDS"]) == ("sessionid", "0")


@pytest.mark.django_db
def test_an_idle_session_ends_and_a_page_that_looks_by_itself_keeps_none_awake(
    viewer: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_COOKIE_AGE = 1800
    viewer.get("/services/")
    first, began = viewer.session.get_expiry_date(), int(time.time())
    assert viewer.session["seen"] >= began - 5
    for later, headers, moves in ((600, HTMX, False), (601, {}, True)):
        with monkeypatch.context() as patch:
            patch.setattr("mcpstore_site.answers.headers.time.time", lambda at=began + later: float(at))
            viewer.get("/services/", headers=headers)
        assert (viewer.session["seen"] == began + later) is moves
    assert first is not None


@pytest.mark.django_db
def test_an_act_that_is_not_theirs_is_audited_and_looking_is_not(viewer: Client) -> None:
    make_service()
    assert viewer.post("/services/weather/edit/").status_code == 403
    assert viewer.get("/services/weather/edit/").status_code == 403
    row = AuditEntry.objects.get()
    assert (row.actor, row.action, row.target) == ("viewer-1", "refused", "POST /services/weather/edit/")


def test_what_is_pushed_to_a_page_is_as_harmless_as_the_page() -> None:
    (html,) = json.loads(client.encode(1, "", (f"<p>{BAD}</p>",), ()))["html"]
    assert html == f"<p>{neutral(BAD)}</p>"
