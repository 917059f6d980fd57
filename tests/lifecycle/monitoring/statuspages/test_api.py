"""Status pages over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.lifecycle.monitoring.statuspages.test_pages_public import episode_of
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db


def test_a_page_is_made_changed_told_on_and_deleted(api_operator: Any) -> None:
    alert = episode_of(make_service("weather", tags=["shown"]))
    made = api_operator.post("status-pages", {"title": "Ours", "tags": ["shown"]})
    assert made.status_code == 201 and made.json()["visibility"] == "off"
    assert made.json()["unnamed"] == ["weather"] and made.json()["url"] is None
    number = made.json()["id"]
    change = {"names": {"weather": "Forecasts"}, "visibility": "public"}
    changed = api_operator.patch(f"status-pages/{number}", change).json()
    assert changed["names"] == {"weather": "Forecasts"} and changed["url"].endswith("/status/ours/")
    told = api_operator.post(f"status-pages/{number}/notes", {"episode": alert.pk, "text": "Soon."})
    assert told.status_code == 201 and b"Soon." in Client().get("/status/ours/").content
    gone = api_operator.delete(f"status-pages/{number}/notes/{told.json()['id']}")
    assert gone.status_code == 204 and b"Soon." not in Client().get("/status/ours/").content
    link = api_operator.post(f"status-pages/{number}/link").json()["url"]
    assert "/status/mcpl_" in link
    assert api_operator.get("status-pages").json()["count"] == 1
    assert api_operator.delete(f"status-pages/{number}").status_code == 204
    assert Client().get("/status/ours/").status_code == 404


def test_what_is_wrong_is_said_with_its_place(api_operator: Any) -> None:
    refused = api_operator.post("status-pages", {"title": "Ours", "visibility": "all"})
    assert refused.status_code == 422 and refused.json()["error"]["where"] == "visibility"
    assert api_operator.get("status-pages/9").status_code == 404
