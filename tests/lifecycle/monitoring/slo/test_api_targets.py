"""Targets over REST: listed, read, added, changed and removed, by whom it may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Slo, SloState
from registry.models import AuditEntry, Role
from tests.support.api import Api
from tests.support.pages import make_service
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db


def make_slo(**fields: Any) -> Slo:
    values = {"kind": "availability", "percent": Decimal("99.9"), "created_by": "o"}
    return Slo.objects.create(created_at=timezone.now(), **values | fields)


def test_one_is_added_read_changed_and_removed_with_a_row_each(api_operator: Api) -> None:
    make_service()
    answer = api_operator.post("targets", {"service": "weather"})
    assert answer.status_code == 201, answer.content
    found = answer.json()
    assert (found["service"], found["tag"], found["kind"], found["percent"], found["days"]) == (
        "weather", None, "availability", 99.9, 30,
    )  # fmt: skip
    assert found["created_by"] == "operator" and found["budget"] is None
    path = f"targets/{found['id']}"
    assert api_operator.get(path).json() == found
    changes = {"tag": "team-a", "kind": "response", "under_ms": 500, "percent": 95}
    changed = api_operator.patch(path, changes).json()
    assert (changed["service"], changed["tag"], changed["under_ms"], changed["percent"]) == (
        None, "team-a", 500, 95.0,
    )  # fmt: skip
    assert changed["days"] == 30 and Slo.objects.get().version == 2
    assert api_operator.patch(path, {"days": 7}).json()["tag"] == "team-a"
    assert api_operator.delete(path).status_code == 204
    assert not Slo.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="target").order_by("pk")
    said = list(entries.values_list("actor", "action", "target"))
    assert said == [
        ("operator", "target added", "weather"),
        ("operator", "target changed", "#team-a"),
        ("operator", "target changed", "#team-a"),
        ("operator", "target removed", "#team-a"),
    ]


def test_the_list_has_the_budget_of_each_the_tightest_first(api_viewer: Api) -> None:
    for tag, left, version in (("full", 2592.0, 1), ("low", 120.0, 1), ("changed", 0.0, 7)):
        SloState.objects.create(
            slo=make_slo(tag=tag), version=version, evaluated_at=timezone.now(), members=4,
            total_s=2592.0, left_s=left, share=0.99971, known_s=86400.0, burns={"3600": 0.5, "300": None},
        )  # fmt: skip
    answer = api_viewer.get("targets").json()
    assert answer["count"] == 3
    found = {one["tag"]: one for one in answer["results"]}
    assert [one["tag"] for one in answer["results"] if one["budget"]] == ["low", "full"]
    low = found["low"]["budget"]
    assert (low["members"], low["left_s"], low["achieved"]) == (4, 120.0, 99.971)
    assert low["burn_rates"] == {"3600": 0.5, "300": None}
    assert found["low"]["words"] == "2 of 43 minutes left"
    assert found["changed"]["budget"] is None  # it was counted for what the target was before


def test_a_viewer_looks_and_a_visitor_does_not(api_viewer: Api) -> None:
    slo = make_slo(tag="a")
    assert api_viewer.get(f"targets/{slo.pk}").status_code == 200
    refused = [
        api_viewer.post("targets", {"tag": "b"}),
        api_viewer.patch(f"targets/{slo.pk}", {"days": 7}),
        api_viewer.delete(f"targets/{slo.pk}"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert list(Slo.objects.values_list("tag", "days")) == [("a", 30)]
    assert Client().get("/api/v1/targets").status_code == 401


@pytest.mark.parametrize(
    ("body", "where", "said"),
    [
        ({}, "body.service", "This field is required."),
        ({"service": "nobody"}, "body.service", "There is no service with this name."),
        ({"service": "weather", "tag": "a"}, "body.tag", "not both"),
        ({"tag": "a", "percent": 100}, "body.percent", "less than or equal to 99.999"),
        ({"tag": "a", "percent": "99"}, "body.percent", "must be a number"),
        ({"tag": "a", "percent": True}, "body.percent", "must be a number"),
        ({"tag": 3}, "body.tag", "must be a text"),
        ({"tag": "a\0b"}, "body.tag", "Null characters"),
        ({"tag": "a", "days": 8}, "body.days", "Select a valid choice."),
        ({"tag": "a", "days": None}, "body.days", "This field is required."),
        ({"tag": "a", "kind": "speed"}, "body.kind", "Select a valid choice."),
        ({"tag": "a", "kind": "response"}, "body.under_ms", "Enter a number of milliseconds."),
        ({"tag": "a", "goal": 99}, "body.goal", "Only service, tag"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    api_operator: Api, body: dict[str, Any], where: str, said: str
) -> None:
    make_service()
    answer = api_operator.post("targets", body)
    assert answer.status_code == 422, answer.content
    error = answer.json()["error"]
    assert error["where"] == where and said in error["message"], error
    assert not Slo.objects.exists()


def test_one_that_there_is_not(api_operator: Api) -> None:
    for answer in (
        api_operator.get("targets/7"),
        api_operator.patch("targets/7", {"days": 7}),
        api_operator.delete("targets/7"),
    ):
        assert answer.status_code == 404 and answer.json()["error"]["message"] == "There is no target 7."


def test_a_change_that_is_refused_changes_nothing(api_operator: Api) -> None:
    slo = make_slo(tag="a")
    assert api_operator.patch(f"targets/{slo.pk}", {"days": 7, "percent": 3}).status_code == 422
    assert api_operator.patch(f"targets/{slo.pk}", {"service": "nobody"}).status_code == 422
    slo.refresh_from_db()
    assert (slo.days, slo.tag) == (30, "a")
    assert not AuditEntry.objects.filter(action="target changed").exists()


def test_who_is_limited_to_a_tag_sees_its_targets_and_changes_none() -> None:
    make_slo(service=make_service("ours", tags=["team-a"]))
    theirs = make_slo(service=make_service("theirs", tags=["team-b"]))
    browser = scoped_client(Role.OPERATOR)
    assert [one["service"] for one in browser.get("/api/v1/targets").json()["results"]] == ["ours"]
    assert browser.get(f"/api/v1/targets/{theirs.pk}").status_code == 404
    added = browser.post("/api/v1/targets", {"service": "ours"}, content_type="application/json")
    assert added.status_code == 403
    assert browser.delete(f"/api/v1/targets/{theirs.pk}").status_code == 403
    assert Slo.objects.count() == 2
