"""What an upgrade makes of the rules and messages that a console has."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps

from lifecycle.alerts.rules import operations
from lifecycle.alerts.rules.defaults import ensure
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery
from tests.support.fleet import NOON, Fleet, at, make_rule

pytestmark = pytest.mark.django_db
MIGRATION: Any = importlib.import_module("lifecycle.migrations.0019_tell_how_alerts_end")
LATER: Any = importlib.import_module("lifecycle.migrations.0048_rules_for_older_consoles")


@pytest.mark.parametrize(
    ("change", "waits"),
    [({}, 15), ({"level": "CRITICAL"}, 0), ({"message": "Look!"}, 0), ({"states": ["UNREACHABLE"]}, 0)],
)
def test_only_the_shipped_rule_that_nobody_changed_waits_from_now_on(
    change: dict[str, Any], waits: int
) -> None:
    ensure(NOON)
    AlertRule.objects.update(for_seconds=0)
    AlertRule.objects.filter(name="Service down").update(**change)
    MIGRATION.wait_before_the_shipped_rule_fires(apps, None)
    assert AlertRule.objects.get(name="Service down").for_seconds == waits
    assert not AlertRule.objects.exclude(name="Service down").exclude(for_seconds=0).exists()


def test_whoever_was_told_of_a_missing_sign_in_goes_on_being_told(log_channel: Channel) -> None:
    make_rule(log_channel)
    make_rule(Channel.objects.create(name="other", kind="console", created_at=NOON), name="x", enabled=False)
    for _ in range(2):
        MIGRATION.go_on_telling_of_a_missing_sign_in(apps, None)
    made = AlertRule.objects.get(condition="needs-sign-in")
    assert list(made.channels.all()) == [log_channel]


def test_an_end_that_waits_finds_its_beginning(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, State.UNREACHABLE, at(0))
    fleet.move(service, State.HEALTHY, at(9), event="connected")
    Delivery.objects.update(beginning=None)
    MIGRATION.join_ends_to_their_beginnings(apps, None)
    assert Delivery.objects.get(kind="resolved").beginning == Delivery.objects.get(kind="firing")


def rules() -> dict[str, dict[str, Any]]:
    rows = AlertRule.objects.values()
    return {row["name"]: {**row, "id": None, "created_at": None} for row in rows}


def test_an_older_console_gets_the_rules_that_new_ones_have_just_like_those() -> None:
    ensure(NOON)
    new = rules()
    AlertRule.objects.filter(name__in=LATER.NEW).delete()
    assert len(rules()) == 10
    LATER.add_what_new_consoles_have(apps, None)
    assert rules() == new
    LATER.add_what_new_consoles_have(apps, None)
    assert len(rules()) == 16


def test_what_somebody_renamed_or_deleted_does_not_come_again() -> None:
    ensure(NOON)
    AlertRule.objects.filter(name__in=["Certificate expires", "High CPU of a host"]).delete()
    renamed = AlertRule.objects.get(name="Worker silent")
    renamed.name, renamed.enabled = "Nobody works", False
    renamed.save()
    operations.delete(AlertRule.objects.get(name="Disk of a host full"), by="ann", now=NOON)
    before = rules()
    LATER.add_what_new_consoles_have(apps, None)
    assert rules().keys() - before.keys() == {"Certificate expires", "High CPU of a host"}
    assert {name: rules()[name] for name in before} == before


def test_a_new_database_gets_none_by_its_upgrade() -> None:
    LATER.add_what_new_consoles_have(apps, None)
    assert not rules()
