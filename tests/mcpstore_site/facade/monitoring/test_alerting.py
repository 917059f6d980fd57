"""A program's own alert rules, and the console's alerts in the same history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery
from mcpstore_site.monitoring import (
    AlertLevel,
    AlertManager,
    AlertRule,
    console_alert_handler,
    email_alert_handler,
)
from tests.support.fleet import Fleet, make_rule


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


def figures(name: str = "weather", **more: Any) -> dict[str, Any]:
    return {"service_name": name, "status": "running", "error_rate": 0.0, "avg_response_time": 0.1, **more}


def manager(clock: Time) -> tuple[AlertManager, list[dict[str, Any]]]:
    made, told = AlertManager(clock=clock), list[dict[str, Any]]()
    made.add_rule(
        AlertRule(
            name="service_down",
            condition=lambda m: m.get("status") != "running",
            level=AlertLevel.ERROR,
            message="服务 {service_name} 已停止运行",
        )
    )
    made.add_rule(
        AlertRule(
            name="high_error_rate",
            condition=lambda m: m.get("error_rate", 0) > 0.1,
            level=AlertLevel.WARNING,
            message="服务 {service_name} 错误率过高: {error_rate:.2%}",
        )
    )
    made.add_rule(
        AlertRule(
            name="slow_response",
            condition=lambda m: m.get("avg_response_time", 0) > 5.0,
            level=AlertLevel.WARNING,
            message="服务 {service_name} 响应时间过慢: {avg_response_time:.2f}s",
        )
    )
    made.add_handler(told.append)
    return made, told


def test_a_rule_tells_once_in_its_cooldown_and_of_each_service_by_itself(clock: Time) -> None:
    made, told = manager(clock)
    down = figures(status="error")
    assert [made.check_alerts(down), made.check_alerts(down)] == [1, 0]
    assert made.check_alerts(figures("other", status="error")) == 1
    clock.now += 301
    assert made.check_alerts(down) == 1
    assert [one["message"] for one in told] == [
        "服务 weather 已停止运行",
        "服务 other 已停止运行",
        "服务 weather 已停止运行",
    ]
    assert (told[0]["rule_name"], told[0]["level"], told[0]["metrics"]) == (
        "service_down",
        AlertLevel.ERROR,
        down,
    )
    assert made.alert_history == told


def test_figures_stand_in_the_message_and_nothing_else_can_be_asked_of_them(clock: Time) -> None:
    made, told = manager(clock)
    made.check_alerts(figures(error_rate=0.25))
    rule = AlertRule("odd", lambda m: True, AlertLevel.INFO, "{service_name.__class__} {nothing}")
    made.add_rule(rule)
    made.check_alerts(figures("other"))
    assert [one["message"] for one in told] == [
        "服务 weather 错误率过高: 25.00%",
        "{service_name.__class__} {nothing}",
    ]


def test_a_rule_or_a_handler_that_fails_harms_no_other(
    clock: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    made, told = manager(clock)
    made.rules.insert(0, AlertRule("broken", lambda m: m["nothing"], AlertLevel.INFO, ""))
    made.handlers.insert(0, lambda alert: 1 / 0)
    assert made.check_alerts(figures(status="error")) == 1
    assert len(told) == 1
    said = capsys.readouterr().out
    assert "broken: KeyError" in said and "ZeroDivisionError" in said


def test_the_handler_for_a_terminal_prints_a_line(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    made, _told = manager(clock)
    made.add_handler(console_alert_handler)
    made.check_alerts(figures(status="error"))
    line = capsys.readouterr().out.strip()
    assert line.startswith("❌ [") and line.endswith("] ERROR: 服务 weather 已停止运行")


@pytest.mark.django_db
def test_the_handler_for_mails_leaves_them_to_the_email_channels(
    clock: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _told = manager(clock)
    made.add_handler(email_alert_handler)
    made.check_alerts(figures("first", status="error"))
    assert "no enabled email channel" in capsys.readouterr().out
    values: dict[str, Any] = {"sealed": "", "summary": "", "created_at": datetime.now(UTC)}
    for name, kind, enabled in (("a", "email", True), ("b", "email", False), ("c", "console", True)):
        Channel.objects.create(name=name, kind=kind, enabled=enabled, **values)
    made.check_alerts(figures("second", status="error"))
    row = Delivery.objects.get()
    data = row.payload["data"]
    assert (row.channel.name, row.kind, row.state) == ("a", "report", "queued")
    assert (data["message"], data["level"]) == ("服务 second 已停止运行", "ERROR")
    assert not capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_the_consoles_own_alerts_are_in_the_history_and_handed_on_once(
    store: Any, fleet: Fleet, log_channel: Channel
) -> None:
    from django.utils import timezone

    make_rule(log_channel)
    made, told = AlertManager(store), list[dict[str, Any]]()
    made.add_handler(told.append)
    fleet.move(fleet.service(), S.RECONNECTING, timezone.now())
    assert [made.follow(), made.follow()] == [1, 0]
    [alert] = told
    assert (alert["rule_name"], alert["level"]) == ("Service down", AlertLevel.ERROR)
    assert (alert["message"], alert["metrics"]) == (
        "weather is RECONNECTING: refused",
        {"service_name": "weather"},
    )
    assert made.alert_history == [alert]
