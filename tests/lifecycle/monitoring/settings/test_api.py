"""The options of monitoring over REST."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.monitoring.options import OPTIONS
from lifecycle.policies import operations as policies
from registry.models import AuditEntry
from tests.support.api import Api

ADDRESS = "monitoring-settings"
SEEDS = {
    "enabled": True, "check_interval": 30, "health_check_timeout": 10, "health_check_retries": 3,
    "performance_monitoring": True, "alerts_enabled": True, "alert_cooldown": 300,
    "response_time_threshold": 1.0, "cpu_threshold": 80, "memory_threshold": 85, "disk_threshold": 90,
    "call_timeout": 30, "error_rate_threshold": 0.1, "slow_call_threshold": 5.0,
    "metrics_buffer_size": 1000, "log_level": "INFO", "export_format": "json",
}  # fmt: skip
"""The names and the defaults of the design; those where it was decided otherwise are not among them."""


def test_every_option_has_the_name_and_the_default_of_the_design(api_viewer: Api) -> None:
    found = api_viewer.get(ADDRESS).json()
    assert {name: found["values"][name] for name in SEEDS} == SEEDS
    assert {one["name"] for one in found["fields"]} == set(found["values"]) == set(OPTIONS)
    assert found["changed"] == {}
    assert {"max_consecutive_failures", "connection_timeout", "metrics_retention_days"} <= set(OPTIONS)


def test_an_admin_alone_changes_them_and_it_is_audited(
    api_admin: Api, api_operator: Api, api_viewer: Api
) -> None:
    assert api_operator.patch(ADDRESS, {"cpu_threshold": 50}).status_code == 403
    changed = api_admin.patch(
        ADDRESS, {"cpu_threshold": 50, "log_level": "WARNING", "check_interval": 15}
    ).json()
    assert changed["changed"] == {"check_interval": 15, "cpu_threshold": 50, "log_level": "WARNING"}
    assert api_viewer.get(ADDRESS).json() == changed
    told = AuditEntry.objects.get(action="monitoring settings changed")
    assert told.detail == "cpu_threshold 80.0 -> 50.0, log_level INFO -> WARNING"
    assert api_admin.patch(ADDRESS, {"cpu_threshold": None, "check_interval": None}).json()["changed"] == {
        "log_level": "WARNING"
    }


def test_what_is_said_of_checks_is_the_policy_of_the_profile_normal(api_admin: Api) -> None:
    api_admin.patch(ADDRESS, {"health_check_timeout": 4, "health_check_retries": 2, "call_timeout": 60})
    assert policies.changes_of("normal") == {
        "ping_timeout": 4, "warning_failure_threshold": 2, "call_timeout": 60,
    }  # fmt: skip
    api_admin.patch("policies/normal", {"healthy_threshold": 2})
    assert api_admin.get(ADDRESS).json()["values"]["response_time_threshold"] == 2


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"cpu_threshold": 101}, "cpu_threshold", "101 is out of range. Write 1 to 100"),
        ({"metrics_buffer_size": 1.5}, "metrics_buffer_size", "must be a whole number"),
        ({"enabled": 1}, "enabled", "'1' is not known. Write true or false"),
        ({"log_level": "LOUD"}, "log_level", "'LOUD' is not known. Write DEBUG or INFO or WARNING or ERROR"),
        ({"check_intervall": 1}, "check_intervall", "is not an option of monitoring"),
        ({"health_check_retries": 9}, "health_check_retries", "9 is larger than"),
        ({"health_check_timeout": True}, "health_check_timeout", "must be a number"),
    ],
)
def test_an_error_says_where_and_changes_nothing(
    api_admin: Api, changes: dict[str, Any], where: str, said: str
) -> None:
    answer = api_admin.patch(ADDRESS, {"disk_threshold": 50, **changes})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["where"]) == ("invalid_config", where)
    assert said in error["message"]
    assert api_admin.get(ADDRESS).json()["changed"] == {}
