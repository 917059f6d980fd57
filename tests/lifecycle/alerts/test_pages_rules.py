"""The pages of rules: added, changed, switched, deleted, and told what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lifecycle.alerts.rules import forms, presenter
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from registry.models import Dependency
from tests.support.fleet import Fleet, at, make_rule
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db


def rule_data(**fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "Down",
        "level": "ERROR",
        "condition": "state-entered",
        "states": ["UNREACHABLE"],
        "seconds": "300",
        "scope": "all",
        "cooldown": "300",
        "enabled": "on",
    }
    return {**values, **fields}


def test_a_rule_of_tools_is_saved_and_told_in_words(admin: Client) -> None:
    sent = rule_data(condition="tools-changed", states=[], breaking_only="on")
    page = admin.post(reverse("rule_add"), sent, follow=True).content.decode()
    assert "A tool has a breaking change" in page
    rule = AlertRule.objects.get()
    assert (rule.condition, rule.breaking_only) == ("tools-changed", True)
    assert (
        'name="breaking_only" id="id_breaking_only" checked'
        in admin.get(reverse("rule_edit", args=[rule.pk])).content.decode()
    )


def test_an_escalation_is_typed_step_by_step_and_shown_in_words(admin: Client, log_channel: Channel) -> None:
    steps = {
        "step-0-wait": "300",
        "step-0-channels": [log_channel.pk],
        "step-1-wait": "60",
        "step-2-wait": "600",
        "step-2-repeat": "2",
        "step-2-channels": [log_channel.pk],
    }
    page = admin.post(reverse("rule_add"), rule_data(**steps), follow=True).content.decode()
    assert "<small>after 5 min: log</small>" in page and "<small>after 10 min, 3 times: log</small>" in page
    admin.post(reverse("rule_add"), rule_data(name="Acts", response="restart"))
    assert "<small>action: Restart the service</small>" in admin.get(reverse("rule_list")).content.decode()
    AlertRule.objects.filter(name="Acts").delete()
    rule = AlertRule.objects.get()
    assert [step["wait"] for step in rule.steps] == [300, 600], "a step without a channel is none"
    form = admin.get(reverse("rule_edit", args=[rule.pk])).content.decode()
    assert 'name="step-1-wait" value="600"' in form and form.count('type="checkbox" name="step-') == 5
    answer = admin.post(reverse("rule_edit", args=[rule.pk]), rule_data(**steps | {"step-2-repeat": "99"}))
    assert answer.status_code == 422
    assert "Escalation, step 3, Repeat (times):" in answer.content.decode()


def test_a_new_scope_takes_names_out_of_what_is_still_to_be_told(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    maps, weather = fleet.service("maps", tags=["team-a"]), fleet.service("weather")
    Dependency.objects.create(service=weather, depends_on=maps)
    fleet.move(maps, State.UNREACHABLE, at(0))
    told = "maps is UNREACHABLE: refused"
    assert Episode.objects.get().summary == f"{told} (needed by 1 service: weather)"
    admin.post(reverse("rule_edit", args=[rule.pk]), rule_data(cooldown=60))
    assert Episode.objects.get().summary != told
    admin.post(reverse("rule_edit", args=[rule.pk]), rule_data(scope="tags", values="team-a"))
    rule.refresh_from_db()
    assert rule.scope == {"kind": "tags", "values": ["team-a"]}
    assert Episode.objects.get().summary == told


def test_when_an_alert_escalates_is_shown_until_somebody_takes_it_on(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, steps=[{"wait": 300, "channels": [log_channel.pk], "repeat": 0}])
    fleet.move(fleet.service(), State.UNREACHABLE, at(0))
    assert "Escalates <time" in admin.get(reverse("alert_list")).content.decode()
    detail = reverse("alert_detail", args=[Delivery.objects.get().episode_id])
    assert "Escalates <time" in admin.get(detail).content.decode()
    admin.post(reverse("alert_acknowledge", args=[Delivery.objects.get().episode_id]))
    assert "Escalates <time" not in admin.get(detail).content.decode()


@pytest.mark.parametrize(
    ("metric", "threshold", "words"),
    [
        ("error_rate", 0.07, "Error rate of checks above 7 %, for at least 5 min"),
        ("availability", 0.999, "Availability below 99.9 %, for at least 5 min"),
        ("call_time", 2.5, "Average tool call time above 2.5 s, for at least 5 min"),
    ],
)
def test_a_threshold_is_said_in_its_unit(admin: Client, metric: str, threshold: float, words: str) -> None:
    measured = {"condition": "metric", "metric": metric, "threshold": threshold, "for_seconds": 300}
    AlertRule.objects.create(name="Bad", scope={"kind": "all"}, created_at=timezone.now(), **measured)
    assert words in text_of(admin.get(reverse("rule_list")))


def test_every_metric_of_a_rule_has_words() -> None:
    assert set(presenter.MEASURED) == {value for value, _ in forms.METRICS}
    assert set(presenter.OF_HOSTS) == {value for value, _ in forms.HOST_METRICS}


def test_a_rule_is_added_changed_switched_and_deleted(admin: Client, log_channel: Channel) -> None:
    sent = rule_data(channels=[log_channel.pk], notify_recovery="on", scope="tags", values="eu, paid eu")
    answer = admin.post(reverse("rule_add"), sent, follow=True)
    assert "Rule “Down” saved." in answer.content.decode()
    rule = AlertRule.objects.get()
    assert rule.scope == {"kind": "tags", "values": ["eu", "paid"]} and rule.channels.get() == log_channel
    edit = reverse("rule_edit", args=[rule.pk])
    assert 'value="eu, paid"' in admin.get(edit).content.decode()
    admin.post(edit, rule_data(name="Gone", condition="not-serving-for", seconds="60"))
    rule.refresh_from_db()
    assert (rule.name, rule.condition, rule.seconds, rule.notify_recovery) == (
        "Gone",
        "not-serving-for",
        60,
        False,
    )
    row = admin.post(reverse("rule_switch", args=[rule.pk]), {"enabled": "0"}, headers=HTMX).content.decode()
    assert row.startswith("<tr") and "Enable" in row
    admin.post(reverse("rule_delete", args=[rule.pk]))
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"states": []}, "Choose at least one state."),
        ({"states": ["HEALTHY"]}, "HEALTHY is not one of the available choices"),
        ({"condition": "not-serving-for", "seconds": ""}, "Enter the number of seconds."),
        ({"condition": "not-serving-for", "seconds": "-5"}, "greater than or equal to 1"),
        ({"scope": "services", "values": "ghost"}, "Unknown: ghost."),
        ({"scope": "profiles", "values": "gentle"}, "Unknown: gentle."),
        ({"scope": "tags", "values": " , "}, "Enter at least one, or choose all services."),
        (
            {"message": "{host} {service.__class__} is down"},
            "Unknown placeholder: {host}, {service.__class__}.",
        ),
        ({"cooldown": "99999999"}, "less than or equal to 86400"),
        ({"name": "Taken"}, "A rule with this name already exists."),
    ],
)
def test_a_wrong_rule_is_told_what_is_wrong_and_changes_nothing(
    admin: Client, wrong: dict[str, Any], words: str
) -> None:
    make_rule(name="Taken")
    for headers in ({}, HTMX):
        answer = admin.post(reverse("rule_add"), rule_data(**wrong), headers=headers)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert AlertRule.objects.count() == 1


def test_deleting_a_rule_does_not_lose_its_waiting_messages(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), State.RECONNECTING, at(0))
    admin.post(reverse("rule_delete", args=[rule.pk]))
    first, last = Delivery.objects.order_by("pk")
    assert (first.state, last.state, last.kind, last.beginning) == ("queued", "queued", "resolved", first)
    said = last.payload["data"]["message"]
    assert (
        said
        == "The rule “Service down” was deleted by admin-1, so its alert ends; weather is RECONNECTING now"
    )


@pytest.mark.parametrize("condition", ["state-entered", "needs-sign-in"])
def test_a_new_rule_waits_for_15_seconds_unless_its_form_says_otherwise(
    admin: Client, condition: str
) -> None:
    form = admin.get(reverse("rule_add")).content.decode()
    assert 'name="lasting" value="15"' in form
    admin.post(reverse("rule_add"), rule_data(condition=condition))
    admin.post(reverse("rule_add"), rule_data(condition=condition, name="At once", lasting="0"))
    assert dict(AlertRule.objects.values_list("name", "for_seconds")) == {"Down": 15, "At once": 0}
    assert "for at least 15 s" in admin.get(reverse("rule_list")).content.decode()
