"""What holds the steps of a rule back, and what ends them for good: silences, restarts, history."""

from __future__ import annotations

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.windows import operations as windows
from lifecycle.models import AlertRule, Episode, EpisodeNote, WorkerSeen
from lifecycle.monitoring.settings import change as settings
from registry.models import Role
from tests.support.escalating import EACH_ALONE as EACH_ALONE
from tests.support.escalating import Tower, deliver, pass_time, told
from tests.support.escalating import tower as tower
from tests.support.fleet import at

pytestmark = pytest.mark.django_db


def test_a_silence_holds_the_steps_back_and_no_longer_than_it_lasts(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    silences.add({"starts_at": at(100), "ends_at": at(700)}, by="ann", now=at(100))
    pass_time(300, 500, 699)
    assert told() == ["firing first"]
    pass_time(700)
    assert told() == ["firing first", "firing phone"]
    pass_time(1299)
    assert told()[2:] == []
    pass_time(1300)
    assert told()[2:] == ["firing boss"]


def test_a_silence_takes_back_what_a_step_has_queued_and_gives_it_back(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    pass_time(300)
    silences.add({"starts_at": at(301), "ends_at": at(400)}, by="ann", now=at(301))
    assert told() == ["firing first"]
    pass_time(350, 399)
    assert told() == ["firing first"]
    pass_time(400)
    assert told() == ["firing first", "firing phone"]
    pass_time(1000)
    assert told()[2:] == ["firing boss"]


def test_what_was_silenced_from_its_beginning_waits_for_its_steps_from_when_it_is_told(tower: Tower) -> None:
    silences.add({"starts_at": at(-10), "ends_at": at(1000)}, by="ann", now=at(-10))
    tower.fails()
    pass_time(400, 999)
    assert told() == []
    pass_time(1000, 1005, 1010)
    assert told() == ["firing first"]
    evaluate.sweep(at(1305))
    pass_time(1315)
    assert told() == ["firing first", "firing phone"]


def test_a_maintenance_window_holds_the_steps_back(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    values = {"name": "w", "start": at(60), "minutes": 10, "rule": "", "zone": "UTC"}
    windows.save(None, values, by="ann", now=at(2))
    pass_time(300, 660)
    assert told() == ["firing first"]
    pass_time(700)  # a window keeps silent for 30 s more, while services come back
    assert told() == ["firing first", "firing phone"]


def test_an_episode_of_two_months_ago_wakes_nobody(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    pass_time(60 * 86_400, 60 * 86_400 + 60)
    assert told() == ["firing first"]
    assert EpisodeNote.objects.get().kind == "late"


def test_a_silence_of_two_months_is_no_reason_to_forget_its_steps(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    end = 60 * 86_400
    silences.add({"starts_at": at(2), "ends_at": at(end)}, by="ann", now=at(2))
    for second in (300, 310, end - 20, end - 10):
        pass_time(second)
    pass_time(end)
    assert told() == ["firing first", "firing phone"]


def seen(started: float, now: float) -> None:
    values = {"pid": 1, "host": "h", "started_at": at(started), "seen_at": at(now), "stopped_at": None}
    WorkerSeen.objects.update_or_create(name="w", defaults=values)


def test_a_worker_that_comes_back_finds_out_first_whether_the_alert_is_over(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    seen(1000, 1029)
    pass_time(1000, 1030)
    assert told() == ["firing first"]
    tower.recovers(1031)
    pass_time(1100)
    assert told() == ["firing first", "resolved first"]


def test_a_worker_that_comes_back_goes_on_where_it_is_not_over_one_step_at_a_time(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    seen(5000, 5059)
    pass_time(5059)
    assert told() == ["firing first"]
    seen(5000, 5060)
    pass_time(5060, 5061)
    assert told() == ["firing first", "firing phone"]
    seen(5000, 5660)
    pass_time(5660)
    assert told()[2:] == ["firing boss"]


def test_while_alerts_are_off_nobody_is_told(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    settings.change({"alerts_enabled": False}, by="ann", role=Role.ADMIN, now=at(2))
    pass_time(300)
    assert told() == ["firing first"]
    settings.change({"alerts_enabled": True}, by="ann", role=Role.ADMIN, now=at(400))
    pass_time(401)
    assert told() == ["firing first", "firing phone"]


def test_a_step_that_is_added_counts_for_what_fires_already_but_not_for_history(tower: Tower) -> None:
    AlertRule.objects.update(steps=[])
    tower.fails()
    deliver(at(1))
    rule = AlertRule.objects.get()
    rule.steps = tower.rule.steps
    rule.save()
    evaluate.reconsider(rule, at(100), "ann")
    pass_time(299)
    assert told() == ["firing first"]
    pass_time(300)
    assert told() == ["firing first", "firing phone"]
    AlertRule.objects.update(steps=[])
    Episode.objects.update(escalated=0, escalated_at=None)
    evaluate.reconsider(rule, at(60 * 86_400), "ann")
    pass_time(60 * 86_400 + 1)
    assert told() == ["firing first", "firing phone"]
