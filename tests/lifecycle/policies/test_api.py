"""Policies over REST."""

from __future__ import annotations

from lifecycle.core.policy.tuning import SETTINGS
from tests.support.api import Api, MakeService


def test_the_profiles_and_what_can_be_changed(api_viewer: Api) -> None:
    found = api_viewer.get("policies").json()
    assert [one["name"] for one in found["results"]] == ["critical", "normal", "background"]
    assert {one["name"] for one in found["fields"]} == set(SETTINGS)
    assert next(one for one in found["fields"] if one["name"] == "ping_timeout") == {
        "name": "ping_timeout", "label": "Timeout", "unit": "s",
        "allowed": "0.1 to 300 s (5 min)", "group": "checks",
        "wrong": "Too short: a slow answer counts as a failed check. "
        "Too long: a hanging server is noticed late.",
    }  # fmt: skip


def test_a_profile_is_changed_by_an_admin_alone(api_admin: Api, api_operator: Api, api_viewer: Api) -> None:
    assert api_operator.patch("policies/normal", {"ping_timeout": 3}).status_code == 403
    changed = api_admin.patch("policies/normal", {"ping_timeout": 3, "adaptive": True}).json()
    assert changed["changed"] == {"ping_timeout": 3, "adaptive": True}
    assert api_viewer.get("policies/normal").json() == changed
    assert changed["values"]["ping_timeout"] == 3
    back = api_admin.patch("policies/normal", {"ping_timeout": None}).json()
    assert (back["changed"], back["values"]["ping_timeout"]) == ({"adaptive": True}, 10)
    assert api_admin.delete("policies/normal").json()["changed"] == {}


def test_an_error_says_where_and_what(api_admin: Api) -> None:
    answer = api_admin.patch("policies/normal", {"ping_timeout": 1000})
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "invalid_config", "where": "policy.ping_timeout",
        "message": "1,000 is out of range. Write 0.1 to 300 s (5 min)",
    }  # fmt: skip
    assert api_admin.patch("policies/none", {}).json()["error"]["code"] == "profile_not_found"
    assert api_admin.get("policies/none").status_code == 404


def test_a_services_own_settings(api_operator: Api, registered_service: MakeService) -> None:
    registered_service()
    answer = api_operator.patch("services/weather", {"policy": {"ping_timeout": 2}})
    assert answer.json() == {"name": "weather", "outcome": "updated"}
    policy = api_operator.get("services/weather").json()["policy"]
    assert (policy["own"], policy["values"]["ping_timeout"]) == ({"ping_timeout": 2}, 2)
    refused = api_operator.patch("services/weather", {"policy": {"x": 2}})
    assert refused.json()["error"]["where"] == "policy.x"
    assert api_operator.patch("services/weather", {"policy": [2]}).status_code == 422
    api_operator.patch("services/weather", {"policy": None})
    assert api_operator.get("services/weather").json()["policy"]["own"] == {}
