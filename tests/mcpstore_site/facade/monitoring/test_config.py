"""`MonitoringConfig`: each option of the design by its name, once, and nothing that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from mcpstore_site.facade.monitoring.config import MonitoringConfig
from registry.errors import InvalidConfigError


def test_groups_and_plain_options_are_told_by_their_names() -> None:
    config = MonitoringConfig(
        enabled=True,
        check_interval=15,
        performance_monitoring={"cpu_threshold": 70},
        tool_monitoring={"error_rate_threshold": 0.2},
        data_collection={"export_format": "csv"},
        options={"prometheus_services": 500},
    )
    assert config.changes() == {
        "enabled": True,
        "check_interval": 15,
        "cpu_threshold": 70,
        "error_rate_threshold": 0.2,
        "export_format": "csv",
        "prometheus_services": 500,
    }


def test_what_is_not_given_stays_as_it_is() -> None:
    assert MonitoringConfig().changes() == {}
    assert MonitoringConfig(performance_monitoring=False).changes() == {"performance_monitoring": False}


def test_the_same_value_twice_is_one_and_two_values_are_refused() -> None:
    twice = {"status_check_interval": 15}
    assert MonitoringConfig(check_interval=15, service_monitoring=twice).changes() == {"check_interval": 15}
    with pytest.raises(InvalidConfigError, match="Give it once") as refused:
        MonitoringConfig(check_interval=20, service_monitoring=twice).changes()
    assert refused.value.where == "service_monitoring.status_check_interval"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"tool_monitoring": {"speed": 1}}, "tool_monitoring.speed"),
        ({"data_collection": {"cpu_threshold": 1}}, "data_collection.cpu_threshold"),
    ],
)
def test_an_option_that_is_not_known_there_is_refused(given: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidConfigError, match="is not known here") as refused:
        MonitoringConfig(**given).changes()
    assert refused.value.where == where
