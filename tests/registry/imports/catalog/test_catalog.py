"""Add from registry: what is asked, what is shown, what is chosen, and how servers stand later."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.engine.maintenance import catalog as fetching
from registry.core.documents import upstream
from registry.core.documents.formats import listing
from registry.imports.catalog import operations, queries
from registry.models import AuditEntry, CatalogPage, Role, Service, UpstreamStatus
from registry.services import register
from tests.support.answering import saying, serving
from tests.support.holding import Holder
from tests.support.importing import hidden, save
from tests.support.pages import HTMX, text_of

BASE = "https://registry.example.org"
OFFICIAL = "io.modelcontextprotocol.registry/official"
WEATHER = {
    "name": "org.example/weather",
    "title": "Weather <b>",
    "description": "Forecasts",
    "version": "1.2.0",
    "remotes": [
        {
            "type": "sse",
            "url": "https://{region}.weather.example.org/sse",
            "variables": {"region": {"isRequired": True, "choices": ["eu", "us"]}},
        }
    ],
    "packages": [
        {
            "registryType": "npm",
            "identifier": "weather-mcp",
            "version": "1.2.0",
            "transport": {"type": "stdio"},
            "environmentVariables": [{"name": "WEATHER_KEY", "isRequired": True, "isSecret": True}],
        }
    ],
}


def told(server: dict[str, Any], status: str = "active", latest: bool = True) -> dict[str, Any]:
    return {"server": server, "_meta": {OFFICIAL: {"status": status, "isLatest": latest}}}


ANSWER = {
    "servers": [
        told(WEATHER),
        told({**WEATHER, "version": "1.0.0"}, latest=False),
        told({**WEATHER, "name": "org.example/old", "title": "Old one"}, "deprecated"),
        told({**WEATHER, "name": "org.example/gone"}, "deleted"),
    ]
}


@pytest.fixture(autouse=True)
def registry(settings: Any) -> None:
    settings.REGISTRY = BASE


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "registry.json"
    path.write_text(json.dumps(ANSWER))
    settings.REGISTRY = str(path)
    return path


def fetch(text: str = "", error: str = "") -> list[str]:
    """As the worker does it; the addresses."""
    pages = operations.take(10)
    for page in pages:
        operations.finish(page, text, error, timezone.now())
    return [page.address for page in pages]


def test_nothing_is_fetched_before_somebody_presses_search(db: None, operator: Client) -> None:
    for path in ("/registry/", "/registry/?q=weather", "/add/", "/import/"):
        assert operator.get(path).status_code == 200
    assert not CatalogPage.objects.exists()
    operator.post("/registry/search/", {"q": " weather  map "})
    assert fetch() == [f"{BASE}/v0.1/servers?search=weather+map&version=latest&limit=30"]
    row = AuditEntry.objects.get()
    assert (row.action, row.target) == ("registry searched", "weather map")


def test_the_page_waits_for_the_worker_and_then_shows_what_it_fetched(operator: Client) -> None:
    operator.post("/registry/search/", {"q": "weather"})
    assert 'hx-get="/registry/?part=1&amp;q=weather"' in text_of(operator.get("/registry/?q=weather"))
    fetch(json.dumps(ANSWER))
    page = text_of(operator.get("/registry/?q=weather&part=1", headers=HTMX))
    assert page.startswith('<div id="catalog-results" role="status">')
    assert "Weather &lt;b&gt;" in page and "1.2.0" in page and "1.0.0" not in page
    assert page.count("Deprecated") == 1 and page.count(">Deleted<") == 1
    assert page.count("Only an admin can add it") == 2


def test_what_was_fetched_is_not_fetched_again_within_ten_minutes(operator: Client) -> None:
    operator.post("/registry/search/", {"q": "a"})
    assert len(fetch("{}")) == 1
    operator.post("/registry/search/", {"q": "a"})
    assert fetch() == []
    CatalogPage.objects.update(asked_at=timezone.now() - timedelta(minutes=11))
    operator.post("/registry/search/", {"q": "a"})
    assert len(fetch(error="HTTP 503")) == 1
    assert "HTTP 503" in text_of(operator.get("/registry/?q=a"))
    operator.post("/registry/search/", {"q": "a"})
    assert len(fetch("{}")) == 1, "after an error it is asked again at once"


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"servers": 7}', "[" * 100_000])
def test_an_answer_that_is_none_has_no_servers(operator: Client, text: str) -> None:
    operator.post("/registry/search/", {"q": ""})
    fetch(text)
    assert "No results. Try fewer words." in text_of(operator.get("/registry/?q="))


def test_a_worker_that_does_not_come_is_named(operator: Client) -> None:
    operator.post("/registry/search/", {"q": "a"})
    CatalogPage.objects.update(asked_at=timezone.now() - timedelta(seconds=30))
    assert "The worker did not fetch the results." in text_of(operator.get("/registry/?q=a"))


def test_a_registry_can_be_switched_off(operator: Client, settings: Any) -> None:
    settings.REGISTRY = "off"
    assert "disabled" in text_of(operator.get("/registry/?q=a"))
    answer = operator.post("/registry/search/", {"q": "a"}, follow=True)
    assert "disabled" in text_of(answer)
    assert not CatalogPage.objects.exists()


def test_a_file_is_searched_without_the_worker(file: Path, operator: Client) -> None:
    assert "Weather" in text_of(operator.get("/registry/?q=forecasts"))
    assert "No results. Try fewer words." in text_of(operator.get("/registry/?q=forecasts+nowhere"))
    file.unlink()
    assert "cannot be read: No such file" in text_of(operator.get("/registry/?q=a"))
    assert not CatalogPage.objects.exists()


def test_a_viewer_searches_nothing(viewer: Client) -> None:
    assert viewer.get("/registry/").status_code == viewer.post("/registry/search/").status_code == 403


def test_a_way_is_chosen_looked_at_asked_for_its_values_and_saved(file: Path, admin: Client) -> None:
    (weather, *_rest) = queries._in_file("weather").listings
    (remote, package) = weather.choices
    page = text_of(admin.post("/import/", {"text": json.dumps(package.document)}))
    assert "WEATHER_KEY" in page and "remotes" not in page
    save(admin, page, **{"value:weather.WEATHER_KEY": "k-12345678", "take": ["0"]})
    service = Service.objects.get()
    assert (service.name, service.transport) == ("weather", "stdio")
    assert service.entry["args"] == ["-y", "weather-mcp@1.2.0"]
    assert service.entry[upstream.KEY] == {"name": "org.example/weather", "version": "1.2.0"}
    assert "k-12345678" not in json.dumps(service.entry)
    page = text_of(admin.post("/import/", {"text": json.dumps(remote.document)}))
    assert "weather.region" in page and hidden(page)


def entry(name: str = "org.example/weather", version: str = "1.2.0", **more: str) -> dict[str, Any]:
    return {"url": "https://w.example/mcp", upstream.KEY: {"name": name, "version": version, **more}}


def add(**entries: dict[str, Any]) -> None:
    results = register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    assert [str(one.error) for one in results if one.error] == []


def test_a_server_that_was_deprecated_or_deleted_is_marked_on_its_service(admin: Client) -> None:
    add(w=entry(), other={"url": "https://o.example/mcp"})
    assert "upstream" not in text_of(admin.get("/services/w/"))
    admin.post("/registry/renew/")
    address = f"{BASE}/v0.1/servers/org.example%2Fweather/versions/1.2.0"
    assert fetch(json.dumps(told(WEATHER, "deprecated"))) == [address]
    assert "Deprecated upstream" in text_of(admin.get("/services/w/"))
    assert "upstream" not in text_of(admin.get("/services/other/"))
    CatalogPage.objects.all().delete()
    admin.post("/registry/renew/")
    fetch(error="HTTP 404 Not Found")
    assert "Deleted upstream" in text_of(admin.get("/services/w/"))


def test_a_registry_that_does_not_answer_changes_no_mark(admin: Client) -> None:
    add(w=entry(status="deprecated"))
    assert "Deprecated upstream" in text_of(admin.get("/services/w/"))
    admin.post("/registry/renew/")
    fetch(error="HTTP 503 Service Unavailable")
    assert not UpstreamStatus.objects.exists()


def test_once_a_day_they_are_looked_up_by_themselves(db: None) -> None:
    now = timezone.now()
    add(other={"url": "https://o.example/mcp"})
    assert operations.renew_daily(now) == 0
    assert not AuditEntry.objects.filter(action="registry asked").exists()
    add(w=entry())
    assert operations.renew_daily(now) == 1
    assert operations.renew_daily(now + timedelta(hours=23)) == 0
    assert operations.renew_daily(now + timedelta(hours=25)) == 1
    assert {row.actor for row in AuditEntry.objects.filter(action="registry asked")} == {"daily look-up"}


def test_a_file_tells_how_servers_stand_at_once(file: Path, admin: Client) -> None:
    add(w=entry(), old=entry("org.example/old"), lost=entry("org.example/lost"))
    admin.post("/registry/renew/")
    stands = {row.name: row.status for row in UpstreamStatus.objects.all()}
    assert stands == {
        "org.example/weather": "active",
        "org.example/old": "deprecated",
        "org.example/lost": "deleted",
    }


@pytest.mark.parametrize(
    "kept", [7, {}, {"name": "a/b"}, {"name": "a/b", "version": "1", "token": "tok-4f1d"}]
)
def test_something_else_under_that_key_is_no_mark_and_keeps_no_secret(db: None, kept: object) -> None:
    add(w={"url": "https://w.example/mcp", upstream.KEY: kept})
    service = Service.objects.get()
    assert upstream.of(service.entry) is None
    assert "tok-4f1d" not in json.dumps(service.entry)


def test_pages_are_forgotten_after_a_day(operator: Client) -> None:
    operator.post("/registry/search/", {"q": "a"})
    assert operations.forget(timezone.now() + timedelta(hours=23)) == 0
    assert operations.forget(timezone.now() + timedelta(hours=25)) == 1


async def test_the_worker_fetches_within_its_bounds(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = holder.connector.http
    async with serving(saying("200 OK", "{}", "application/json")) as port:
        address = f"http://127.0.0.1:{port}/v0.1/servers"
        assert await fetching.fetched(maker, address) == ("{}", "")
        monkeypatch.setattr(fetching, "LARGEST", 1)
        assert (await fetching.fetched(maker, address))[1].startswith("the answer is larger")
    assert "nothing is listening there" in (await fetching.fetched(maker, address))[1]
    async with serving(saying("404 Not Found")) as port:
        assert await fetching.fetched(maker, f"http://127.0.0.1:{port}/") == ("", "HTTP 404 Not Found")


def test_only_the_latest_version_is_listed_and_the_rest_where_it_is_alone() -> None:
    assert [one.version for one in listing.listings(ANSWER)] == ["1.2.0"] * 3
    old = {"servers": [told({**WEATHER, "version": "0.9"}, latest=False)]}
    assert [one.version for one in listing.listings(old)] == ["0.9"]
