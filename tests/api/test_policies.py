"""Policies over REST."""

from __future__ import annotations

from lifecycle.core.tuning import KNOBS
from tests.api.conftest import Api, MakeService


def test_the_profiles_and_what_can_be_changed(viewer: Api) -> None:
    found = viewer.get("policies").json()
    assert [one["name"] for one in found["results"]] == ["critical", "normal", "background"]
    assert {one["name"] for one in found["fields"]} == set(KNOBS)
    assert next(one for one in found["fields"] if one["name"] == "ping_timeout") == {
        "name": "ping_timeout", "label": "Longest wait for the answer to a check", "unit": "s",
        "allowed": "0.1 to 300 s", "group": "checks",
    }  # fmt: skip


def test_a_profile_is_changed_by_an_admin_alone(admin: Api, operator: Api, viewer: Api) -> None:
    assert operator.patch("policies/normal", {"ping_timeout": 3}).status_code == 403
    changed = admin.patch("policies/normal", {"ping_timeout": 3, "adaptive": True}).json()
    assert changed["changed"] == {"ping_timeout": 3, "adaptive": True}
    assert viewer.get("policies/normal").json() == changed
    assert changed["values"]["ping_timeout"] == 3
    back = admin.patch("policies/normal", {"ping_timeout": None}).json()
    assert (back["changed"], back["values"]["ping_timeout"]) == ({"adaptive": True}, 10)
    assert admin.delete("policies/normal").json()["changed"] == {}


def test_an_error_says_where_and_what(admin: Api) -> None:
    answer = admin.patch("policies/normal", {"ping_timeout": 1000})
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "invalid_config", "where": "policy.ping_timeout",
        "message": "1000 is out of range. Write 0.1 to 300 s",
    }  # fmt: skip
    assert admin.patch("policies/none", {}).json()["error"]["code"] == "profile_not_found"
    assert admin.get("policies/none").status_code == 404


def test_a_services_own_numbers(operator: Api, make_service: MakeService) -> None:
    make_service()
    answer = operator.patch("services/weather", {"policy": {"ping_timeout": 2}})
    assert answer.json() == {"name": "weather", "outcome": "updated"}
    policy = operator.get("services/weather").json()["policy"]
    assert (policy["own"], policy["values"]["ping_timeout"]) == ({"ping_timeout": 2}, 2)
    refused = operator.patch("services/weather", {"policy": {"x": 2}})
    assert refused.json()["error"]["where"] == "policy.x"
    assert operator.patch("services/weather", {"policy": [2]}).status_code == 422
    operator.patch("services/weather", {"policy": None})
    assert operator.get("services/weather").json()["policy"]["own"] == {}
