"""A new console brings a few rules, once."""

from __future__ import annotations

import pytest

from lifecycle.alerts.rules.defaults import ensure
from lifecycle.models import AlertRule
from tests.support.fleet import NOON, make_rule

pytestmark = pytest.mark.django_db


def test_the_defaults_come_once_and_stay_deleted() -> None:
    assert ensure(NOON) == 16
    assert set(AlertRule.objects.values_list("name", flat=True)) == {
        "Service down",
        "Needs sign-in",
        "Not serving for 5 minutes",
        "Most services fail at once",
        "High error rate",
        "Slow response",
        "High response time",
        "High tool error rate",
        "Slow tool calls",
        "Flapping",
        "Worker silent",
        "Certificate expires",
        "Access expires",
        "High CPU of a host",
        "High memory of a host",
        "Disk of a host full",
    }
    AlertRule.objects.all().delete()
    assert ensure(NOON) == 0


def test_somebodys_own_rules_are_left_alone() -> None:
    make_rule(name="mine")
    assert ensure(NOON) == 0
