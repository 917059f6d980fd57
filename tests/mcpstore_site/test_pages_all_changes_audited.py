"""Every page and REST path that changes something leaves a row in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from mcpstore_site.api import api as rest
from registry.models import AuditEntry
from tests.support.changes import ASKS, FILES, PAGES, REST, REST_ASKS, World
from tests.support.recording import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, db: None) -> World:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    monkeypatch.setattr("lifecycle.operations.api.CALL_MARGIN", -29.99)  # no worker answers here
    return World(tmp_path / "mcp.json")


@pytest.mark.parametrize("case", [*PAGES, *REST])
def test_a_change_leaves_a_row(world: World, case: str) -> None:
    before = AuditEntry.objects.count()
    with written() as tables:
        answer = (PAGES.get(case) or REST[case])(world)
    assert answer.status_code < 400 or answer.status_code == 504, answer.content[:3000]
    assert tables or case in FILES, "nothing was changed: this case proves nothing"
    assert AuditEntry.objects.count() > before, f"{sorted(tables)} were written without a row"
    row = AuditEntry.objects.first()
    assert row and row.seal and row.door in ("page", "rest")
    if case not in ("login", "welcome", "alert_act"):
        assert row.actor == "admin-1"


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace is None:
            yield from routes(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern


def test_every_page_that_takes_a_form_is_walked(admin: Client) -> None:
    for pattern in routes(get_resolver()):
        if pattern.name in {*PAGES, *ASKS}:
            continue
        kinds = pattern.pattern.converters
        given = {key: 999 if "Int" in type(kind).__name__ else "x" for key, kind in kinds.items()}
        answer = admin.post(reverse(str(pattern.name), kwargs=given))
        assert answer.status_code == 405, f"{pattern.name} takes a POST; say here which row it leaves"


def test_every_rest_path_that_changes_something_is_walked() -> None:
    found = {
        f"{method} {path}"
        for _prefix, router in rest._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
        if method != "GET"
    }
    assert found == {*REST, *REST_ASKS}
