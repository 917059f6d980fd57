"""The pages about an mcp.json that was edited by hand."""

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
from django.utils import timezone

from lifecycle.engine.maintenance import retention
from lifecycle.live import fragments, rendering
from lifecycle.live.feed.feed import Item
from lifecycle.models import FeedItem
from registry.mcpjson import drift, image, secret_bundle
from registry.mcpjson import export as mcpjson_export
from registry.models import Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from tests.support.pages import make_worker, text_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://weather.example.org/mcp"
BANNER = re.compile(r'<div id="drift-banner"[^>]*>')


@pytest.fixture(autouse=True)
def file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    entry = {"url": URL, "headers": {"Authorization": "Bearer canary-1"}}
    register.register({"weather": entry}, by="ann", role=Role.ADMIN, now=NOW)
    assert mcpjson_export.wait_idle(10)
    yield tmp_path / "mcp.json"
    assert mcpjson_export.wait_idle(10)


def edit(file: Path, **entries: Any) -> None:
    content = json.loads(file.read_text())
    content["mcpServers"] |= entries
    file.write_text(json.dumps(content, indent=2))
    drift.publish(timezone.now())


def seen(client: Client) -> dict[str, str]:
    found = re.search(r'name="seen" value="([\w-]+)"', text_of(client.get("/versions/drift/")))
    assert found
    return {"seen": found[1]}


def banner(client: Client, path: str = "/services/") -> str:
    found = BANNER.search(text_of(client.get(path)))
    return found[0] if found else ""


def test_a_file_with_locked_values_is_taken_with_its_passphrase(admin: Client, file: Path) -> None:
    taken = image.text_of(secret_bundle.export("correct horse", by="ann", now=NOW))
    Service.objects.all().delete()
    Secret.objects.all().delete()
    register.register({"other": {"url": URL}}, by="ann", role=Role.ADMIN, now=NOW)
    assert mcpjson_export.wait_idle(10)
    file.write_text(taken)
    drift.publish(timezone.now())
    page = text_of(admin.get("/versions/drift/"))
    assert "Export passphrase" in page and 'name="value:weather.headers.Authorization"' in page
    assert "does not keep" not in page
    admin.post("/versions/drift/take/", {**seen(admin), "passphrase": "another one"})
    assert Service.objects.listed().get().name == "other"
    admin.post("/versions/drift/take/", {**seen(admin), "passphrase": "correct horse"})
    shown = vault.reveal(Service.objects.listed().get()).headers
    assert shown == {"Authorization": "Bearer canary-1"}


def test_a_file_that_nobody_edited_is_not_called_edited(admin: Client, file: Path) -> None:
    page = text_of(admin.get("/versions/drift/"))
    assert "<h1>Drift</h1>" in page and "Nothing to decide" in page
    assert "edited by hand" not in page


def test_only_operators_see_and_decide(viewer: Client, file: Path) -> None:
    edit(file, mine={"url": URL})
    assert banner(viewer) == ""
    assert Client().get("/versions/drift/").headers["Location"].startswith("/login/")
    assert viewer.get("/versions/drift/").status_code == 403
    for what in ("take", "write"):
        assert viewer.post(f"/versions/drift/{what}/").status_code == 403


def test_methods_are_kept(operator: Client) -> None:
    assert operator.post("/versions/drift/").status_code == 405
    assert operator.get("/versions/drift/take/").status_code == 405
    assert operator.get("/versions/drift/write/").status_code == 405


@pytest.mark.parametrize("worker", [True, False])
def test_every_page_of_an_operator_says_so_while_it_lasts(operator: Client, file: Path, worker: bool) -> None:
    if worker:
        make_worker()
    assert "hidden" in banner(operator)
    edit(file, mine={"url": URL})
    for path in ("/services/", "/services/weather/", "/alerts/", "/versions/", "/add/"):
        assert "hidden" not in banner(operator, path)
    operator.post("/versions/drift/write/", seen(operator))
    assert "hidden" in banner(operator)


def test_the_worker_tells_open_pages(operator: Client, file: Path) -> None:
    watch = drift.Watch()
    retention.look_at_file(watch, NOW)
    assert not FeedItem.objects.exists()
    edit(file, mine={"url": URL})
    retention.look_at_file(watch, timezone.now())
    item = FeedItem.objects.get()
    assert item.kind == FeedItem.Kind.DRIFT
    shown = fragments.known(["drift-banner"])
    assert fragments.touched([Item(item.pk, item.kind, 0)], shown) == {"drift-banner"}
    assert "edited by hand" in fragments.render(["drift-banner"])["drift-banner"]
    assert 'hx-swap-oob="true"' in rendering.render_drift_banner()


def test_without_an_edit_there_is_nothing_to_decide(operator: Client) -> None:
    assert "Nothing to decide" in text_of(operator.get("/versions/drift/"))
    page = text_of(operator.post("/versions/drift/take/", {"seen": "x"}, follow=True))
    assert "changed" in page


def test_the_page_shows_what_differs_without_secrets(operator: Client, file: Path) -> None:
    edit(file, mine={"url": URL, "headers": {"K": "canary-2"}}, weather={"url": URL + "2"})
    page = html.unescape(text_of(operator.get("/versions/drift/")))
    assert "canary" not in page
    assert str(file) in page
    assert re.search(r"<ins>.*\"mine\": \{</ins>", page)
    assert "Will be added" in page
    assert "Will be changed" in page


def test_a_file_that_cannot_be_parsed_says_where_and_can_only_be_replaced(
    operator: Client, file: Path
) -> None:
    file.write_text('{"mcpServers": {\n"a": canary}}')
    drift.publish(NOW)
    page = text_of(operator.get("/versions/drift/"))
    assert "line 2, column 6" in page
    assert "canary" not in page
    assert "/versions/drift/take/" not in page
    operator.post("/versions/drift/write/", seen(operator))
    assert json.loads(file.read_text()) == image.document()


def test_taking_the_file(operator: Client, file: Path) -> None:
    edit(file, mine={"url": URL})
    page = text_of(operator.post("/versions/drift/take/", seen(operator), follow=True))
    assert "1 service updated from the file" in page
    assert set(Service.objects.listed().values_list("name", flat=True)) == {"weather", "mine"}
    assert "hidden" in banner(operator)


def test_what_cannot_be_taken_is_named_and_still_there(operator: Client, file: Path) -> None:
    edit(file, mine={"url": URL}, shell={"command": "sh"}, asks={"url": URL, "headers": {"K": "${KEY}"}})
    page = html.unescape(text_of(operator.post("/versions/drift/take/", seen(operator), follow=True)))
    assert "2 entries could not be imported" in page
    assert "only an admin can add" in page
    assert 'name="value:KEY"' in page
    assert "shell" in file.read_text()
    operator.post("/versions/drift/take/", {**seen(operator), "value:KEY": "canary-3"})
    assert register.get("asks").entry["headers"] == {"K": "${secret:asks.ask.KEY}"}


@pytest.mark.parametrize("what", ["take", "write"])
def test_a_file_that_changed_meanwhile_is_shown_again(operator: Client, file: Path, what: str) -> None:
    edit(file, mine={"url": URL})
    old = seen(operator)
    edit(file, other={"url": URL})
    answer = operator.post(f"/versions/drift/{what}/", old, follow=True)
    assert answer.redirect_chain == [("/versions/drift/", 302)]
    assert "changed" in text_of(answer)
    assert "other" in file.read_text()
    assert Service.objects.count() == 1
