"""Rules by REST: the checks of the form, and what a change means for open alerts."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from tests.support.api import Api
from tests.support.fleet import Fleet, at, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db


def test_a_rule_is_added_changed_and_deleted(api_operator: Api, fleet: Fleet, log_channel: Channel) -> None:
    body: dict[str, Any] = {
        "name": "Paid is down",
        "condition": "state-entered",
        "states": ["UNREACHABLE"],
        "for_seconds": 0,
        "scope": {"kind": "tags", "values": ["paid", "eu"]},
        "reminder_seconds": 3600,
        "response": "reconnect",
        "channels": ["log"],
    }
    made = api_operator.post("alert-rules", body)
    assert made.status_code == 201, made.content
    found = made.json()
    assert {name: found[name] for name in body} == body
    assert (found["cooldown_seconds"], found["enabled"], found["notify_recovery"]) == (300, True, True)
    fleet.move(fleet.service(tags=["paid"]), S.UNREACHABLE, at(0))
    assert Episode.objects.get().state == "firing"
    changed = api_operator.patch(f"alert-rules/{found['id']}", {"enabled": False})
    assert changed.json() == found | {"enabled": False, "warnings": []}  # now it covers a service
    assert Episode.objects.get().ending == "rule-off"
    assert api_operator.delete(f"alert-rules/{found['id']}").status_code == 204
    assert not AlertRule.objects.exists()
    assert api_operator.patch(f"alert-rules/{found['id']}", {}).status_code == 404


def test_an_escalation_is_given_by_names_kept_by_other_changes_and_replaced_as_a_whole(
    api_operator: Api, log_channel: Channel
) -> None:
    rule, phone = make_rule(log_channel), make_channel("phone")
    path = f"alert-rules/{rule.pk}"
    steps = [{"wait_seconds": 60, "channels": ["phone", "log"], "repeat": 2}]
    assert api_operator.patch(path, {"steps": steps}).json()["steps"] == [
        {**steps[0], "channels": ["log", "phone"]}
    ]
    kept = [{"wait": 60, "channels": [log_channel.pk, phone.pk], "repeat": 2}]
    api_operator.patch(path, {"level": "INFO"})
    assert AlertRule.objects.get().steps == kept
    phone.delete()
    assert api_operator.get(path).json()["steps"][0]["channels"] == ["log"]
    assert api_operator.patch(path, {"steps": []}).json()["steps"] == []


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([{"channels": ["nobody"]}], "steps[0].channels"),
        ([{"channels": []}], "steps[0].channels"),
        ([{"channels": ["log"], "wait_seconds": -1}], "steps"),
        ([{"channels": ["log"], "repeat": 11}], "steps"),
        ([{"channels": ["log"]}] * 6, "steps"),
    ],
)
def test_a_wrong_step_is_refused_and_named(
    api_operator: Api, log_channel: Channel, steps: Any, where: str
) -> None:
    answer = api_operator.patch(f"alert-rules/{make_rule(log_channel).pk}", {"steps": steps})
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where), answer.content
    assert AlertRule.objects.get().steps == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "name"),
        ({"name": "x", "condition": "full-moon"}, "condition"),
        ({"name": "x", "states": []}, "states"),
        ({"name": "x", "scope": {"kind": "services", "values": ["nobody"]}}, "scope.values"),
        ({"name": "x", "message": "{password}"}, "message"),
        ({"name": "x", "cooldown_seconds": -1}, "cooldown_seconds"),
        ({"name": "x", "response": "reboot"}, "response"),
        ({"name": "x", "channels": ["nobody"]}, "channels"),
        ({"name": "x", "reminder_seconds": 10**9}, "reminder_seconds"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_its_place(
    api_operator: Api, body: dict[str, Any], where: str
) -> None:
    refused = api_operator.post("alert-rules", body)
    assert (refused.status_code, refused.json()["error"].get("where")) == (422, where), refused.content
    assert not AlertRule.objects.exists()


def test_a_viewer_may_only_look(api_viewer: Api) -> None:
    rule = make_rule()
    assert api_viewer.get(f"alert-rules/{rule.pk}").status_code == 200
    assert api_viewer.patch(f"alert-rules/{rule.pk}", {"level": "INFO"}).status_code == 403
    assert api_viewer.post("alert-rules", {"name": "x"}).status_code == 403
    assert api_viewer.post("silences", {"minutes": 1}).status_code == 403


def test_an_alert_is_acknowledged_once_and_a_dead_message_sent_again(
    api_operator: Api, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, at(0))
    episode, delivery = Episode.objects.get(), Delivery.objects.get()
    assert api_operator.post(f"episodes/{episode.pk}/ack").json()["acknowledged_by"] == "operator"
    assert api_operator.post(f"episodes/{episode.pk}/ack").status_code == 409
    assert api_operator.post("episodes/999/ack").status_code == 404
    assert api_operator.post(f"deliveries/{delivery.pk}/replay").status_code == 409
    Delivery.objects.update(state="dead")
    assert api_operator.post(f"deliveries/{delivery.pk}/replay").status_code == 202
    assert Delivery.objects.get().state == "queued"
