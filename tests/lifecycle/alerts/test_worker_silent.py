"""A worker that dies is told of by whoever is alive: one episode, one message for each channel, one end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import Q

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.episodes.subjects import follow, workers
from lifecycle.alerts.outbox import standby
from lifecycle.alerts.outbox.standby import Standby
from lifecycle.alerts.rules import operations
from lifecycle.models import AlertRule, Channel, Delivery, Episode, WorkerSeen
from registry.core.scope import Scope
from registry.models.limits import within
from tests.support.fleet import Fleet, at, make_rule, sent
from tests.support.posting import Clock, Post

SILENT = "worker-silent"


def silent_rule(*channels: Channel, **fields: Any) -> AlertRule:
    return make_rule(*channels, **{"name": "Worker silent", "condition": SILENT, "states": []} | fields)


def worker(name: str, started: float, seen: float, *, host: str = "box", stopped: bool = False) -> None:
    values: dict[str, Any] = {"pid": 1, "host": host, "started_at": at(started), "seen_at": at(seen)}
    WorkerSeen.objects.update_or_create(
        name=name, defaults=values | {"stopped_at": at(seen) if stopped else None}
    )


def watch(until: float, begin: float = 0, step: float = 5) -> None:
    """A process that looks every few seconds, as the web process does."""
    moment = begin
    while moment <= until:
        follow.follow(at(moment))
        moment += step


def test_it_is_told_once_and_its_return_once(fleet: Fleet, log_channel: Channel) -> None:
    silent_rule(log_channel)
    worker("box-1", 0, 2)
    watch(30)
    assert not Episode.objects.exists()
    watch(60, 35)
    row = Episode.objects.get()
    assert (row.subject_kind, row.subject_name, row.service, row.state) == ("worker", "box-1", None, "firing")
    assert row.summary == "Worker box-1: no sign of life for 33 s: what it checks is not monitored"
    assert row.fired_at == at(35) and sent() == ["firing"]
    data = Delivery.objects.get().payload["data"]
    assert (data["service"], data["subject"]) == (None, {"kind": "worker", "name": "box-1"})
    worker("box-1", 0, 62)
    watch(65, 65)
    row.refresh_from_db()
    assert (row.state, row.ending) == ("resolved", "recovered") and sent() == ["firing", "resolved"]
    end = Delivery.objects.get(kind="resolved").payload["data"]["message"]
    assert end == "Worker box-1: “Worker silent” is over after 30 s"


def test_a_stop_on_purpose_raises_nothing_and_ends_what_was_told(fleet: Fleet, log_channel: Channel) -> None:
    silent_rule(log_channel)
    worker("box-1", 0, 2, stopped=True)
    watch(300)
    assert not Episode.objects.exists()
    worker("box-2", 0, 2)
    watch(340, 305)
    worker("box-2", 0, 341, stopped=True)
    watch(345, 345)
    assert Episode.objects.get().state == "resolved"


def test_who_starts_later_takes_its_place_whatever_it_is_called(fleet: Fleet) -> None:
    silent_rule()
    worker("box-1", 0, 2)
    worker("far-1", 0, 3, host="far")
    watch(40)
    assert set(Episode.objects.values_list("subject_name", "state")) == {
        ("box-1", "firing"),
        ("far-1", "firing"),
    }
    worker("box-2", 41, 44)
    watch(45, 45)
    assert dict(Episode.objects.values_list("subject_name", "state")) == {
        "box-1": "resolved",
        "far-1": "firing",
    }


def test_one_that_was_replaced_before_it_was_missed_is_not_told_of(fleet: Fleet) -> None:
    silent_rule()
    worker("box-1", 0, 2)
    for moment in range(0, 120, 5):
        worker("box-2", 10, max(10, moment))
        follow.follow(at(moment))
    assert not Episode.objects.exists()


def test_whoever_was_asleep_itself_accuses_nobody(fleet: Fleet) -> None:
    """After a power failure the web process comes up first, and after a sleep it may wake first."""
    silent_rule()
    worker("box-1", 0, 2)
    watch(28_830, 28_800)
    assert not Episode.objects.exists()
    evaluate.forget()
    worker("box-1", 0, 28_829)
    watch(28_835, 28_800)
    follow.follow(at(60_000))
    assert not Episode.objects.exists()


def test_two_who_look_at_the_same_moment_open_one(fleet: Fleet, log_channel: Channel) -> None:
    rule = silent_rule(log_channel)
    worker("box-1", 0, 2)
    watch(40)
    first = Episode.objects.get()
    case: Any = follow._Case(rule, first.subject, None, workers.look(rule, at(41)), at(41))
    assert not follow._step(case)
    assert Episode.objects.count() == 1 and sent() == ["firing"]


@pytest.mark.parametrize(("change", "ending"), [("off", "rule-off"), ("other", "rule-changed")])
def test_a_rule_that_no_longer_looks_ends_what_it_told(
    fleet: Fleet, log_channel: Channel, change: str, ending: str
) -> None:
    rule = silent_rule(log_channel)
    worker("box-1", 0, 2)
    watch(40)
    rule.enabled, rule.condition = change != "off", "flapping" if change == "other" else SILENT
    rule.save()
    evaluate.reconsider(rule, at(41), "ann")
    assert Episode.objects.get().ending == ending and sent() == ["firing", "resolved"]


def test_it_costs_two_queries_while_all_are_well(fleet: Fleet, django_assert_num_queries: Any) -> None:
    silent_rule()
    worker("box-1", 0, 2)
    with django_assert_num_queries(3):
        follow.follow(at(3))
    AlertRule.objects.update(enabled=False)
    with django_assert_num_queries(1):
        follow.follow(at(4))


def test_people_of_a_scope_do_not_see_it(fleet: Fleet) -> None:
    silent_rule()
    worker("box-1", 0, 2)
    watch(40)
    with within(frozenset({Scope(tags=frozenset({"team-a"}))})):
        assert not Episode.objects.exists()
    assert Episode.objects.exists()


def test_a_rule_that_is_deleted_ends_its_alerts(fleet: Fleet, log_channel: Channel) -> None:
    rule = silent_rule(log_channel)
    worker("box-1", 0, 2)
    watch(40)
    operations.delete(rule, by="ann", now=at(41))
    assert sent() == ["firing", "resolved"]


# What the web process does


@pytest.mark.django_db
def test_the_web_process_stands_in_only_where_a_worker_is_missed(fleet: Fleet) -> None:
    silent_rule()
    for moment in range(0, 40, 5):
        assert not standby.look(at(moment))
    worker("box-1", 0, 40, stopped=True)
    assert not standby.look(at(45))
    worker("box-1", 0, 45)
    moments = [moment for moment in range(50, 100, 5) if standby.look(at(moment))]
    assert moments[0] == 80
    worker("box-2", 90, 99)
    assert not standby.look(at(100))


@pytest.mark.django_db(transaction=True)
async def test_what_it_cannot_send_waits_for_the_worker_and_no_monitor_is_told_that_all_is_well(
    clock: Clock, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders = standby.senders()
    assert "email" in senders and not {"apprise", "heartbeat"} & senders.keys()
    monkeypatch.setattr(standby, "senders", lambda: {"console": post})
    monkeypatch.setattr(standby, "LOOK_EVERY", 0.1)
    await _silent_with_three_channels()
    stop, stand = asyncio.Event(), Standby(clock, 0.01)
    running = asyncio.create_task(stand.run(stop))
    async with asyncio.timeout(10):
        while not post.taken:
            clock.wind(5)
            await asyncio.sleep(0.05)
    stop.set()
    await running
    assert [letter.payload["data"]["subject"]["name"] for letter in post.taken] == ["box-1"]
    assert await _states() == {"log": "delivered", "all": "queued"}
    assert await sync_to_async(Channel.objects.filter(Q(pinged_at=None), kind="heartbeat").count)() == 1


@sync_to_async
def _silent_with_three_channels() -> None:
    evaluate.forget()
    values = {"sealed": "", "summary": "", "created_at": at(0)}
    channels = [
        Channel.objects.create(name=name, kind=kind, **values)
        for name, kind in (("log", "console"), ("all", "apprise"), ("hc", "heartbeat"))
    ]
    silent_rule(*channels[:2], level="CRITICAL")
    worker("box-1", 0, 2)


@sync_to_async
def _states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("channel__name", "state"))
