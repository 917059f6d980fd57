"""The versions of mcp.json: listed, compared, downloaded, brought back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import image
from registry.models import AuditEntry, ConfigVersion, Role, Service
from registry.secrets import vault
from registry.services import register
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://weather.example.org/mcp"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    yield tmp_path
    assert mcpjson_export.wait_idle(10)


def save(entries: dict[str, Any]) -> None:
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=NOW)
    assert mcpjson_export.wait_idle(10)


def three_versions() -> None:
    save({"weather": {"url": URL, "headers": {"Authorization": "Bearer canary-1"}}})
    save({"weather": {"url": URL + "2", "headers": {"Authorization": "Bearer canary-1"}}})
    save({"time": {"command": "uvx", "args": ["mcp-server-time"]}})


def test_signed_out_is_sent_to_sign_in_and_methods_are_kept(viewer: Client) -> None:
    for path in ("/versions/", "/versions/compare/", "/versions/1/mcp.json"):
        assert Client().get(path).headers["Location"].startswith("/login/")
        assert viewer.post(path).status_code == 405


def test_an_empty_list_says_so(viewer: Client) -> None:
    assert "No versions yet" in text_of(viewer.get("/versions/"))
    assert viewer.get("/versions/compare/").status_code == 404


def test_each_version_says_who_when_and_what(viewer: Client) -> None:
    three_versions()
    page = text_of(viewer.get("/versions/"))
    assert re.findall(r'class="what">([^<]*)<', page) == ["added time", "changed weather", "added weather"]
    assert page.count(">ann<") == 3
    assert re.findall(r'name="(\w+)" value="(\d)" checked', page) == [("to", "3"), ("from", "2")]


def test_pages_hold_fifty(viewer: Client) -> None:
    for number in range(1, 121):
        ConfigVersion.objects.create(
            number=number, document="{}", sha256="", author="ann", summary=f"sum-{number}", created_at=NOW
        )
    page = text_of(viewer.get("/versions/?page=3"))
    assert re.findall(r"sum-(\d+)", page) == [str(n) for n in range(20, 0, -1)]
    assert "Page 3 of 3" in page
    assert text_of(viewer.get("/versions/?page=x")).count("sum-") == 50


def test_two_are_compared_by_line_without_secrets(viewer: Client) -> None:
    three_versions()
    page = html.unescape(text_of(viewer.get("/versions/compare/?from=1&to=3")))
    assert "canary" not in page
    assert re.findall(r"<(ins|del)><span class=\"mark\">.</span>(.*?)</", page)[:2] == [
        ("del", f'      "url": "{URL}",'),
        ("ins", f'      "url": "{URL}2",'),
    ]
    backwards = html.unescape(text_of(viewer.get("/versions/compare/?from=3&to=1")))
    assert f'<del><span class="mark">−</span>      "url": "{URL}2",' in backwards
    assert "No difference" in text_of(viewer.get("/versions/compare/?from=2&to=2"))


def test_without_numbers_the_newest_shows_what_it_changed(viewer: Client) -> None:
    three_versions()
    assert "From version 2 to 3" in text_of(viewer.get("/versions/compare/"))
    assert "From version 1 to 2" in text_of(viewer.get("/versions/compare/?to=2&from="))


@pytest.mark.parametrize("asked", ["from=1&to=9", "from=0&to=1", "from=999999999&to=1"])
def test_a_version_that_is_not_there_is_named(viewer: Client, asked: str) -> None:
    three_versions()
    answer = viewer.get(f"/versions/compare/?{asked}")
    assert answer.status_code == 404
    assert "There is no version" in text_of(answer)


def test_strange_numbers_fall_back(viewer: Client) -> None:
    three_versions()
    assert viewer.get("/versions/compare/?from=²&to=99999999999999999999").status_code == 200


def test_a_version_is_downloaded_as_it_was_exported(viewer: Client) -> None:
    three_versions()
    answer = viewer.get("/versions/1/mcp.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mcp-version-1.json"'
    header = json.loads(answer.content)["mcpServers"]["weather"]["headers"]["Authorization"]
    assert header == "Bearer ${secret:weather.headers.Authorization}"
    assert viewer.get("/versions/9/mcp.json").status_code == 404
    assert viewer.get("/versions/99999999999999999999/mcp.json").status_code == 404


def test_an_admin_rolls_back_which_is_a_new_version(admin: Client, data_dir: Path) -> None:
    three_versions()
    assert "Roll back to version 1?" in text_of(admin.get("/versions/compare/?from=1&to=3"))
    answer = admin.post("/versions/1/rollback/", follow=True)
    page = text_of(answer)
    assert "Rolled back to version 1: 2 services changed" in page
    assert re.findall(r'class="what">([^<]*)<', page)[0] == "changed weather; removed time"
    service = Service.objects.listed().get()
    assert vault.reveal(service).headers == {"Authorization": "Bearer canary-1"}
    assert image.document() == json.loads(ConfigVersion.objects.get(number=1).document)
    assert json.loads((data_dir / "mcp.json").read_text()) == image.document()
    assert AuditEntry.objects.filter(action="rolled back", actor="admin-1").count() == 1


def test_the_message_of_a_rollback_offers_to_undo_it(admin: Client) -> None:
    three_versions()
    page = text_of(admin.post("/versions/1/rollback/", follow=True))
    assert re.search(r'action="/versions/3/rollback/".*>Undo</button>', page)
    answer = admin.post("/versions/3/rollback/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/versions/"
    assert {service.name for service in Service.objects.listed()} == {"time", "weather"}
    admin.get("/versions/")
    unchanged = text_of(admin.post("/versions/3/rollback/", follow=True))
    assert "Nothing to do" in unchanged and "Undo" not in unchanged


def test_only_an_admin_rolls_back_and_only_by_post(operator: Client, admin: Client) -> None:
    three_versions()
    assert "Roll back" not in text_of(operator.get("/versions/compare/?from=1&to=3"))
    assert operator.post("/versions/1/rollback/").status_code == 403
    assert admin.get("/versions/1/rollback/").status_code == 405
    assert admin.post("/versions/9/rollback/").status_code == 404
    assert Service.objects.listed().count() == 2
