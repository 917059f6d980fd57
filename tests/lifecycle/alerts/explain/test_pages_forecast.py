"""The form of a rule shows when it will tell, as typed; REST does so of a saved one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from lifecycle.models import AlertRule, Channel
from tests.support.api import Api
from tests.support.fleet import make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db
ADDRESS = "/alerts/rules/forecast/"


def typed(channel: Channel, **more: Any) -> dict[str, Any]:
    values = {"level": "ERROR", "condition": "state-entered", "states": ["RECONNECTING"], "lasting": 15}
    values |= {"scope": "all", "cooldown": 300, "enabled": "on", "notify_recovery": "on"}
    return {**values, "channels": [channel.pk], **more}


def test_the_form_asks_for_the_forecast_and_it_is_that_of_what_is_typed(
    operator: Client, log_channel: Channel
) -> None:
    form = operator.get("/alerts/rules/add/").content.decode()
    assert f'hx-get="{ADDRESS}"' in form and 'hx-swap="innerHTML"' in form  # it asks again after a change
    page = operator.get(ADDRESS, typed(log_channel, reminder=3600)).content.decode()
    assert "The alert fires after 15 s" in page
    assert "<b>log</b>: after 25 s" in page
    assert "until someone acknowledges it" in page
    assert "the next alert waits until" in page
    assert not AlertRule.objects.exists()


def test_what_is_mistyped_is_named_and_what_stops_the_rule_too(
    operator: Client, log_channel: Channel
) -> None:
    assert "States: Choose at least one state." in (
        operator.get(ADDRESS, typed(log_channel, states=[])).content.decode()
    )
    off = make_channel("off", enabled=False)
    page = operator.get(ADDRESS, typed(off, enabled="")).content.decode()
    assert "The rule is disabled" in page and "Channel off is disabled." in page


def test_a_saved_rule_is_not_changed_by_what_is_typed(operator: Client, log_channel: Channel) -> None:
    rule = make_rule(log_channel, for_seconds=15)
    page = operator.get(ADDRESS, typed(log_channel, lasting=60, about=rule.pk)).content.decode()
    assert "The alert fires after 1 min" in page
    rule.refresh_from_db()
    assert rule.for_seconds == 15


def test_rest_forecasts_a_saved_rule(api_viewer: Api, log_channel: Channel) -> None:
    rule = make_rule(log_channel, for_seconds=15, reminder_seconds=600)
    found = api_viewer.get(f"alert-rules/{rule.pk}/forecast").json()
    assert [told["seconds"] for told in found["results"][0]["told"]][:2] == [25, 625]
    assert found["results"][0]["more"] is True
    assert api_viewer.get("alert-rules/99/forecast").status_code == 404
