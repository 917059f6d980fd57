"""The button that takes figures along, on the overview and on a service's page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.pages import make_service, text_of

pytestmark = pytest.mark.django_db


def test_everybody_may_take_figures_along(viewer: Client) -> None:
    make_service("weather")
    overview, service = text_of(viewer.get("/")), text_of(viewer.get("/services/weather/"))
    assert 'action="/api/v1/export.json"' in overview
    assert 'action="/api/v1/services/weather/export.csv"' in service
    for address in ("export.json", "services/weather/export.csv"):
        answer = viewer.get(f"/api/v1/{address}", {"range": "7d"})
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.getvalue()
