"""The form of a rule and REST show what it would have sent in the last 14 days; a run can be stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.explain import backtest, running
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel
from tests.lifecycle.alerts.explain.conftest import Recorded
from tests.lifecycle.alerts.explain.test_pages_forecast import typed
from tests.support.api import Api
from tests.support.fleet import make_rule

pytestmark = pytest.mark.django_db
ADDRESS = "/alerts/rules/backtest/"


def a_day(fleet: Recorded) -> None:
    now = timezone.now()
    service = fleet.service()
    for minutes in (300, 200, 100):
        fleet.move(service, S.UNREACHABLE, now - timedelta(minutes=minutes))
        fleet.move(service, S.HEALTHY, now - timedelta(minutes=minutes - 5), event="connected")


def test_the_form_shows_what_the_rule_would_have_sent(
    operator: Client, fleet: Recorded, log_channel: Channel
) -> None:
    a_day(fleet)
    assert f'hx-get="{ADDRESS}"' in operator.get("/alerts/rules/add/").content.decode()
    page = operator.get(ADDRESS, typed(log_channel, states=["UNREACHABLE"])).content.decode()
    assert "3 alerts would have been sent in the last 14 days." in page
    assert "Messages to log: 6, " in page and "weather (" in page and "ended after 4 min 45 s" in page
    page = operator.get(ADDRESS, typed(log_channel, states=["UNREACHABLE"], lasting=400)).content.decode()
    assert "0 alerts would have been sent" in page
    assert not AlertRule.objects.exists()


def test_what_cannot_be_tried_and_what_is_mistyped_is_said(operator: Client, log_channel: Channel) -> None:
    page = operator.get(ADDRESS, typed(log_channel, condition="budget-burn")).content.decode()
    assert "Cannot be back-tested: only the current burn rate of a budget is recorded" in page
    page = operator.get(ADDRESS, typed(log_channel, states=[])).content.decode()
    assert "States: Choose at least one state." in page


def test_a_person_stops_his_run_and_a_third_one_has_to_wait(
    operator: Client, fleet: Recorded, log_channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(fleet)

    def run(*args: Any, **more: Any) -> backtest.Result:
        assert operator.get(f"{ADDRESS}stop/").status_code == 204
        return real(*args, **more)

    real = backtest.run
    monkeypatch.setattr(backtest, "run", run)
    page = operator.get(ADDRESS, typed(log_channel)).content.decode()
    assert "Stopped: only 0 of 1 services were evaluated." in page
    with running.one_of(-1), running.one_of(-2):
        page = operator.get(ADDRESS, typed(log_channel)).content.decode()
    assert "Two back-tests are running already." in page
    assert not running._running


def test_rest_tries_a_saved_rule(
    api_operator: Api, api_viewer: Api, fleet: Recorded, log_channel: Channel
) -> None:
    a_day(fleet)
    rule = make_rule(log_channel, states=["UNREACHABLE"])
    found = api_operator.get(f"alert-rules/{rule.pk}/backtest").json()
    assert (found["count"], found["covered"], found["messages"]) == (3, 1, {"log": 6})
    assert sum(day["services"].get("weather", 0) for day in found["days"]) == 3
    assert found["alerts"][0]["service"] == "weather" and len(found["days"]) == 15
    assert api_operator.get(f"alert-rules/{rule.pk}/backtest?days=99").status_code == 422
    assert api_operator.get("alert-rules/99/backtest").status_code == 404
    assert api_viewer.get(f"alert-rules/{rule.pk}/backtest").status_code == 403
