"""Changes to a policy: checked one by one and against each other, then put on top."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.policy import tuning
from lifecycle.core.policy.policy import NORMAL, PROFILES, Policy
from lifecycle.core.policy.tuning import SETTINGS
from registry.errors import InvalidConfigError
from tests.support.snapshots import s


def test_every_setting_of_a_policy_can_be_changed_but_the_one_of_the_priority() -> None:
    assert set(SETTINGS) == {field.name for field in fields(Policy)} - {"priority_factor"}


def test_every_default_is_within_its_own_range_and_comes_back_as_it_was() -> None:
    for shipped in PROFILES.values():
        numbers = tuning.checked(tuning.plain(shipped))
        assert tuning.tuned(NORMAL, numbers) == shipped
        tuning.consistent(shipped, ())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ping_timeout", 0.01, "0.01 is out of range"),
        ("ping_timeout", 301, "301 is out of range"),
        ("ping_timeout", "3", "must be a number"),
        ("ping_timeout", True, "must be a number"),
        ("ping_timeout", float("nan"), "must be a number"),
        ("max_reconnect_attempts", 2.5, "must be a whole number"),
        ("give_up_after", 59, "59 is out of range"),
        ("adaptive", 1, "must be true or false"),
        ("priority_factor", 2, "is not a setting of a policy"),
        ("nothing", 2, "is not a setting of a policy"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_a_remedy(name: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        tuning.checked({name: value})
    assert (caught.value.where, caught.value.what) == (f"policy.{name}", said)
    assert caught.value.remedy.startswith(("Write ", "Use "))


def test_layers_lie_on_top_of_each_other() -> None:
    policy = tuning.for_service(
        "critical", "low", {"ping_timeout": 4, "max_delay": 700}, {"ping_timeout": 5, "give_up_after": 3600}
    )
    assert (policy.ping_timeout, policy.max_delay, policy.give_up_after) == (s(5), s(700), timedelta(hours=1))
    assert (policy.max_reconnect_attempts, policy.priority_factor) == (20, 1.5)
    never = tuning.for_service("normal", "normal", {"give_up_after": 3600}, {"give_up_after": 0})
    assert never.give_up_after is None


def test_a_setting_that_a_later_version_dropped_does_no_harm() -> None:
    assert tuning.tuned(NORMAL, {"gone": 3}) == NORMAL


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"base_delay": 700}, "policy.base_delay"),
        ({"max_delay": 30}, "policy.max_delay"),
        ({"warning_failure_threshold": 6}, "policy.warning_failure_threshold"),
        ({"healthy_threshold": 4, "warning_threshold": 3.5}, "policy.warning_threshold"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, float], where: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        tuning.consistent(tuning.tuned(NORMAL, changes), changes)
    assert caught.value.where == where
