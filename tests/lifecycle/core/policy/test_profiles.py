"""The shipped profiles."""

from __future__ import annotations

from dataclasses import Field, fields
from datetime import timedelta

import pytest

from lifecycle.core.policy.policy import GROUPS, NORMAL, PROFILES, Policy, policy_for, start_limit
from lifecycle.core.policy.tuning import UNTUNED
from tests.support.snapshots import s


@pytest.mark.parametrize(
    ("profile", "warning", "reconnecting", "attempts", "interval"),
    [("critical", 1, 2, 20, 10), ("normal", 3, 5, 10, 30), ("background", 5, 10, 5, 60)],
)
def test_profiles(profile: str, warning: int, reconnecting: int, attempts: int, interval: int) -> None:
    policy = policy_for(profile, "normal")
    assert (policy.warning_failure_threshold, policy.reconnecting_failure_threshold) == (
        warning,
        reconnecting,
    )
    assert (policy.max_reconnect_attempts, policy.health_check_interval) == (attempts, s(interval))


def test_defaults_of_the_requirements() -> None:
    policy = policy_for("normal", "normal")
    assert policy.ping_timeout == s(10) and policy.failure_recheck_interval == s(5)
    assert (policy.base_delay, policy.max_delay, policy.attempts_cleared_after) == (s(60), s(600), s(600))
    assert policy.give_up_after is None and policy.tools_update_interval == timedelta(hours=2)
    assert not policy.adaptive and policy.call_timeout == s(30)
    assert PROFILES["critical"].ping_timeout == s(3)


def test_overrides_win_over_the_profile() -> None:
    policy = policy_for("critical", "low", {"max_reconnect_attempts": 3})
    assert (policy.max_reconnect_attempts, policy.priority_factor) == (3, 1.5)
    assert policy.warning_failure_threshold == 1


@pytest.mark.parametrize("one", fields(Policy), ids=lambda one: one.name)
def test_every_field_says_what_it_is_and_its_defaults_lie_in_its_range(one: Field[object]) -> None:
    about = one.metadata
    assert about["label"] and about["group"] in GROUPS
    assert about["wrong"].endswith(".") or one.name in UNTUNED
    assert about["unit"] in {"s", "×", ""}
    for profile in PROFILES.values():
        value = getattr(profile, one.name)
        if value is not None:
            number = value.total_seconds() if isinstance(value, timedelta) else value
            assert about["min"] <= number <= about["max"]


def test_no_two_fields_share_a_label() -> None:
    labels = [one.metadata["label"] for one in fields(Policy)]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("program", "start_timeout", "timeout", "seconds"),
    [
        (False, None, None, 8),
        (True, None, None, 60),
        (True, 75, None, 75),
        (False, 12, 300, 60),
        (False, None, 30, 30),
        (False, 3, 3, 8),
    ],
)
def test_an_entry_can_make_the_console_more_patient_with_a_start(
    program: bool, start_timeout: float | None, timeout: float | None, seconds: float
) -> None:
    found = start_limit(NORMAL, program=program, start_timeout=start_timeout, timeout=timeout)
    assert found == seconds
