"""The button that takes figures along, on the overview and on a service's page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.support.pages import make_service, text_of

pytestmark = pytest.mark.django_db


def test_everybody_may_take_figures_along(viewer: Client) -> None:
    make_service("weather")
    overview, service = text_of(viewer.get("/")), text_of(viewer.get("/services/weather/"))
    assert 'action="/api/v1/export.json"' in overview
    assert 'formaction="/api/v1/services/weather/export.csv"' in service
    for address in (
        "export.json",
        "export.csv",
        "services/weather/export.json",
        "services/weather/export.csv",
    ):
        answer = viewer.get(f"/api/v1/{address}", {"range": "7d"})
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.getvalue()


def test_the_usual_format_is_offered_first(viewer: Client, options: Callable[..., None]) -> None:
    make_service("weather")
    for first, second in (("json", "csv"), ("csv", "json")):
        options(export_format=first)
        for page, place in (("/", ""), ("/services/weather/", "services/weather/")):
            shown = text_of(viewer.get(page))
            assert f'action="/api/v1/{place}export.{first}" class="own-range"' in shown
            found = re.findall(r'<button class="([^"]+)" formaction="/api/v1/([^"]+)"', shown)
            assert found == [
                ("small primary", f"{place}export.{first}"),
                ("small", f"{place}export.{second}"),
            ]
