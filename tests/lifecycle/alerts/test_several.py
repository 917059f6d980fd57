"""Many alerts acknowledged, or snoozed, by one press: which they are, how many, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.episodes import operations
from lifecycle.alerts.explain import causes
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Delivery, Episode, Silence
from registry.models import AuditEntry, Role, Service
from tests.support.api import Api
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.pages import HTMX, signed_in
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
ACT, SNOOZE = "/alerts/act/", {"act": "snooze"}


@pytest.fixture(autouse=True)
def known_anew() -> Iterator[None]:
    causes._known.clear()
    yield
    causes._known.clear()


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(Role.OPERATOR)


def fire(fleet: Fleet, *names: str, host: str = "", **fields: Any) -> list[int]:
    for name in names:
        service = fleet.service(name, **fields)
        endpoint = f"http://{host or name}.example.org/sse"
        Service.objects.filter(pk=service.pk).update(endpoint=endpoint)
        fleet.move(service, S.UNREACHABLE, at(10))
    rows = Episode.objects.filter(service__name__in=names).order_by("service__name")
    return list(rows.values_list("pk", flat=True))


def taken() -> set[str]:
    return set(Episode.objects.filter(state="acknowledged").values_list("service__name", flat=True))


def test_those_picked_are_acknowledged_as_one_act(
    operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, reminder_seconds=60)
    one, two, _ = fire(fleet, "alpha", "beta", "gamma")
    shown = operator.post(ACT, {"pick": [one, two]}, headers=HTMX)
    assert taken() == {"alpha", "beta"}
    assert "2 alerts acknowledged." in shown.content.decode() and shown["HX-Trigger"] == "picked"
    entry = AuditEntry.objects.get(action="alert.acknowledge")
    assert (entry.target, entry.members) == ("2 alerts", 2)
    assert Episode.objects.get(pk=one).acknowledged_by == "operator-1"


def test_one_that_ended_or_was_acknowledged_meanwhile_is_left_alone_and_counted(
    operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    ids = fire(fleet, "alpha", "beta", "gamma")
    operations.acknowledge(ids[0], by="ann", now=at(20))
    fleet.move(Service.objects.get(name="beta"), S.HEALTHY, at(30), event="connected")
    shown = operator.post(ACT, {"pick": ids}, headers=HTMX).content.decode()
    assert "1 alert acknowledged. 2 were left alone" in shown
    assert Episode.objects.get(pk=ids[0]).acknowledged_by == "ann"
    assert Episode.objects.get(pk=ids[1]).state == "resolved"
    again = operator.post(ACT, {"pick": ids}, headers=HTMX).content.decode()
    assert "None of them is firing any more." in again
    assert AuditEntry.objects.filter(action="alert.acknowledge", actor="operator-1").count() == 1


def test_all_are_those_that_the_page_knew_of(operator: Client, fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    services = [fleet.service(f"s{n:02}") for n in range(60)]
    Episode.objects.bulk_create(
        Episode(rule=rule, service=one, state="firing", opened_at=NOON, fired_at=at(n))
        for n, one in enumerate(services)
    )
    shown = operator.get("/alerts/").content.decode()
    assert "all 60 firing" in shown
    everything = {"everything": "1", "seen": at(49).isoformat(), "count": "50"}
    assert "50 alerts acknowledged.<" in operator.post(ACT, everything, headers=HTMX).content.decode()
    assert len(taken()) == 50 and "s50" not in taken()


def test_a_group_is_acknowledged_whole_and_nothing_else(
    operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fire(fleet, "alpha-1", "alpha-2", "alpha-3", host="db")
    fire(fleet, "lonely")
    assert ">Acknowledge 3 alerts</button>" in operator.get("/alerts/").content.decode()
    group = {"cause": "3 host:db.example.org", "seen": timezone.now().isoformat()}
    shown = operator.post(ACT, group, headers=HTMX).content.decode()
    assert taken() == {"alpha-1", "alpha-2", "alpha-3"} and "3 alerts acknowledged." in shown
    assert "Acknowledge 3 alerts" not in shown and "3 failing services share the host" in shown


def test_a_group_that_fell_apart_meanwhile_is_acknowledged_as_far_as_it_is_there(
    operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fire(fleet, "alpha-1", "alpha-2", "alpha-3", host="db")
    fleet.move(Service.objects.get(name="alpha-1"), S.HEALTHY, at(30), event="connected")
    group = {"cause": "3 host:db.example.org"}
    shown = operator.post(ACT, group, headers=HTMX).content.decode()
    assert taken() == {"alpha-2", "alpha-3"} and "2 alerts acknowledged. 1 was left alone" in shown


def test_people_of_a_scope_act_on_what_they_see_alone(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    mine = fire(fleet, "mine-1", "mine-2", "mine-3", host="db", tags=["team-a"])
    theirs = fire(fleet, "theirs-1", "theirs-2", "theirs-3", host="db", tags=["team-b"])
    person = scoped_client(Role.OPERATOR)
    person.post(ACT, {"pick": [mine[0], theirs[0]]})
    assert taken() == {"mine-1"}
    person.post(ACT, {"cause": "3 host:db.example.org"})
    assert taken() == {"mine-1", "mine-2", "mine-3"}
    person.post(ACT, {"everything": "1"})
    person.post(ACT, {**SNOOZE, "pick": theirs})
    assert taken() == {"mine-1", "mine-2", "mine-3"} and not Silence.objects.exists()


def test_many_are_snoozed_by_one_silence_of_each_rule(
    operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    ids = fire(fleet, "alpha", "beta", "gamma")
    shown = operator.post(ACT, {**SNOOZE, "pick": ids[:2]}, headers=HTMX).content.decode()
    silence = Silence.objects.get()
    assert (silence.services, silence.rules) == (["alpha", "beta"], [rule.pk])
    assert silence.ends_at - silence.starts_at == timedelta(hours=1)
    assert "2 alerts snoozed for 1 h." in shown and shown.count("Silenced by operator-1") == 2
    assert AuditEntry.objects.filter(action="silence.add").count() == 1
    assert Episode.objects.filter(state="firing").count() == 3


def test_reminders_of_all_are_called_off(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    fire(fleet, "alpha", "beta")
    Delivery.objects.update(kind="reminder")
    assert len(operations.acknowledge_all(Episode.objects.all(), by="ann", now=at(20))) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"superseded"}


def test_a_viewer_is_offered_nothing_and_may_nothing(
    viewer: Client, operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    ids = fire(fleet, "alpha", "beta")
    page = viewer.get("/alerts/").content.decode()
    assert 'name="pick"' not in page and "bulk" not in page and "picking" not in page
    for act in ({}, SNOOZE):
        assert viewer.post(ACT, {**act, "pick": ids}).status_code == 403
    assert operator.get(ACT).status_code == 405
    assert not taken() and not Silence.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"pick": ["x", "-1", "9" * 40]}, {"cause": "3 host:nowhere"}])
def test_a_press_that_means_nothing_does_nothing(
    sent: dict[str, Any], operator: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fire(fleet, "alpha", "beta")
    answer = operator.post(ACT, sent)
    assert answer.status_code == 302 and not taken()


def test_the_bell_takes_on_all_that_it_counts(operator: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    fire(fleet, *(f"s{n:02}" for n in range(11)))
    asked = {**HTMX, "HX-Target": "notice-list"}
    assert (
        ">Acknowledge 11 alerts</button>" in operator.get("/alerts/notices/", headers=asked).content.decode()
    )
    shown = operator.post(ACT, {"everything": "1", "count": "11"}, headers=asked).content.decode()
    assert shown.lstrip().startswith('<div id="notice-list"') and "11 alerts acknowledged." in shown
    assert len(taken()) == 11 and "No unacknowledged alerts are firing." in shown


def test_rest_acknowledges_several_and_says_which(
    api_operator: Api, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    ids = fire(fleet, "alpha", "beta", "gamma")
    operations.acknowledge(ids[0], by="ann", now=at(20))
    answer = api_operator.post("episodes/ack", {"ids": [*ids[:2], 999]})
    assert (answer.status_code, answer.json()) == (200, {"acknowledged": [ids[1]]})
    assert api_operator.post("episodes/ack", {"everything": True}).json() == {"acknowledged": [ids[2]]}
    for wrong in ({}, {"ids": ids, "everything": True}, {"ids": ["x"]}):
        assert api_operator.post("episodes/ack", wrong).status_code == 422
