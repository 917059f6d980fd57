"""Steps of a rule: who else is told while nobody takes an alert on, and who never is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.alerts.episodes import evaluate, operations
from lifecycle.alerts.episodes.subjects import mass_failure
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.escalation import turns
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode, MassFailure
from registry.models import Service
from tests.support.escalating import EACH_ALONE as EACH_ALONE
from tests.support.escalating import Tower, deliver, pass_time, steps, told
from tests.support.escalating import tower as tower
from tests.support.fleet import Fleet, at
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db


def test_each_step_is_told_after_its_wait_until_all_were(tower: Tower) -> None:
    tower.fails()
    pass_time(299)
    assert told() == ["firing first"]
    pass_time(300)
    assert told() == ["firing first", "firing phone"]
    pass_time(899)
    assert told()[2:] == []
    pass_time(900, 5000)
    assert told()[2:] == ["firing boss"]
    said = Delivery.objects.get(channel=tower.phone).payload["data"]
    assert said["message"] == "Not acknowledged for 5 min: weather is UNREACHABLE: refused"
    assert Episode.objects.get().escalates_at is None


def test_the_end_goes_once_to_each_who_was_told(tower: Tower) -> None:
    tower.fails()
    pass_time(300)
    deliver(at(301))
    tower.recovers(400)
    assert sorted(told()[2:]) == ["resolved first", "resolved phone"]
    assert deliver(at(401)) == ["resolved first", "resolved phone"]
    pass_time(901, 10_000)
    assert "boss" not in " ".join(told())


def test_who_was_told_is_reminded_where_a_step_repeats(fleet: Fleet) -> None:
    tower = Tower(fleet)
    tower.rule.steps = steps((60, [tower.first]), (60, [tower.phone]), repeat=1)
    tower.rule.save()
    tower.fails()
    for second in range(0, 400, 30):
        pass_time(second)
        deliver(at(second))
    expected = ["firing first", "reminder first", "reminder first", "firing phone", "reminder phone"]
    assert told() == expected
    tower.recovers(400)
    assert sorted(told()[5:]) == ["resolved first", "resolved phone"]


@pytest.mark.parametrize("second", [299.0, 300.0, 301.0])
def test_after_an_acknowledgement_nobody_else_is_told(tower: Tower, second: float) -> None:
    episode = tower.fails()
    deliver(at(1))
    pass_time(*[t for t in (299, 300) if t <= second])
    operations.acknowledge(episode.pk, by="ann", now=at(second))
    pass_time(300, 302, 5000)
    assert deliver(at(6000)) == []
    tower.recovers(7000)
    assert told() == ["firing first", "resolved first"]


def test_what_waits_for_others_is_called_off_with_the_acknowledgement(tower: Tower) -> None:
    episode = tower.fails()
    pass_time(300)
    operations.acknowledge(episode.pk, by="ann", now=at(301))
    row = Delivery.objects.get(channel=tower.phone)
    assert (row.state, row.answer[:9]) == ("superseded", "not sent:")


def test_a_failed_message_of_a_step_is_not_tried_again_after_the_acknowledgement(tower: Tower) -> None:
    """It may have arrived all the same, so its end comes, and tells both."""
    episode = tower.fails()
    deliver(at(1))
    pass_time(300)
    assert deliver(at(301), ok=False) == ["firing phone"]
    operations.acknowledge(episode.pk, by="ann", now=at(302))
    assert deliver(at(400)) == []
    assert Delivery.objects.get(channel=tower.phone).state == "superseded"
    tower.recovers(500)
    assert deliver(at(501)) == ["resolved first", "resolved phone"]
    said = Delivery.objects.get(channel=tower.phone, kind="resolved").payload["data"]
    assert "it was not reported before" in said["message"] and said["began"]["since"]


def test_a_worker_killed_while_it_sent_a_step_sends_it_not_again_after_the_acknowledgement(
    tower: Tower,
) -> None:
    episode = tower.fails()
    deliver(at(1))
    pass_time(300)
    assert queue.take(tower.phone.pk, at(300), EACH_ALONE) is not None
    operations.acknowledge(episode.pk, by="ann", now=at(310))
    assert deliver(at(3000)) == []
    tower.recovers(3001)
    assert deliver(at(3002)) == ["resolved first", "resolved phone"]


def test_an_end_calls_off_what_waits_and_sends_that_channel_no_end_either(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    pass_time(300)
    tower.recovers(301)
    assert deliver(at(302)) == ["resolved first"]
    assert "phone" not in " ".join(told())


def test_an_end_that_the_rule_does_not_tell_calls_off_what_waits_too(tower: Tower) -> None:
    AlertRule.objects.update(notify_recovery=False)
    tower.fails()
    deliver(at(1))
    pass_time(300)
    tower.recovers(301)
    assert deliver(at(400)) == []


def test_a_group_of_messages_that_all_were_taken_on_is_not_tried_again(fleet: Fleet) -> None:
    tower, pacing = Tower(fleet), Pacing()
    other = fleet.service("other")
    tower.fails()
    fleet.move(other, S.UNREACHABLE, at(0))
    pass_time(300)
    head = queue.take(tower.phone.pk, at(311), pacing)
    assert head is not None and head.members.count() == 2
    queue.settle(head, Outcome(ok=False, answer="…", took=timedelta(0)), at(312), 0.5)
    first, second = Episode.objects.all()
    operations.acknowledge(first.pk, by="ann", now=at(313))
    again = queue.take(tower.phone.pk, at(400), pacing)
    assert again is not None and again.message_id == head.message_id, "one of them still wants somebody"
    data = again.payload["data"]
    assert [one["service"] for one in data["members"]] == ["weather"] and data["firing_count"] == 1
    assert data["message"].startswith("1 alert firing: weather")
    row = Delivery.objects.get(channel=tower.phone, episode=first)
    assert (row.state, row.answer[:9]) == ("superseded", "not sent:")
    Delivery.objects.filter(pk=head.pk).update(next_attempt_at=at(401))
    operations.acknowledge(second.pk, by="ann", now=at(402))
    assert queue.take(tower.phone.pk, at(500), pacing) is None
    assert set(Delivery.objects.filter(channel=tower.phone).values_list("state", flat=True)) == {"superseded"}


def test_a_group_that_is_tried_again_tells_no_step_of_what_is_over_and_its_end_tells_both(
    fleet: Fleet,
) -> None:
    tower, pacing = Tower(fleet), Pacing()
    tower.fails()
    fleet.move(fleet.service("other"), S.UNREACHABLE, at(0))
    pass_time(300)
    head = queue.take(tower.phone.pk, at(311), pacing)
    assert head is not None
    queue.settle(head, Outcome(ok=False, answer="…", took=timedelta(0)), at(312), 0.5)
    tower.recovers(313)
    again, end = (queue.take(tower.phone.pk, at(400), pacing) for _ in range(2))
    assert again is not None and end is not None and again.pk == head.pk
    assert [one["service"] for one in again.payload["data"]["members"]] == ["other"]
    assert (end.kind, end.episode) == ("resolved", Episode.objects.get(service=tower.service))
    assert "it was not reported before" in end.payload["data"]["message"]


def test_a_step_that_is_off_or_gone_is_skipped_and_the_next_does_not_wait_for_it(tower: Tower) -> None:
    Channel.objects.filter(name="phone").update(enabled=False)
    tower.fails()
    pass_time(599)
    assert told() == ["firing first"]
    pass_time(600)
    assert told() == ["firing first", "firing boss"]


def test_a_step_whose_receiver_is_gone_is_followed_by_the_next_at_once(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    pass_time(300)
    deliver(at(301), ok=False, gone=True)
    pass_time(306)
    assert told() == ["firing first", "firing phone", "firing boss"]


def test_where_the_rule_itself_reaches_nobody_the_first_step_comes_at_once(tower: Tower) -> None:
    Channel.objects.filter(name="first").update(enabled=False)
    tower.fails()
    pass_time(1, 6)
    assert told() == ["firing phone"]


def test_a_rule_without_channels_of_its_own_waits_as_written(tower: Tower) -> None:
    tower.rule.channels.clear()
    tower.fails()
    pass_time(5, 299)
    assert told() == []
    pass_time(300)
    assert told() == ["firing phone"]


def test_a_deleted_channel_is_a_step_that_is_skipped(tower: Tower) -> None:
    tower.phone.delete()
    tower.fails()
    pass_time(600)
    assert told() == ["firing first", "firing boss"]


def test_two_workers_take_a_turn_once(tower: Tower) -> None:
    tower.fails()
    stale = list(turns._firing())
    pass_time(300)
    assert turns._turn(stale[0], at(300)) == 0
    assert told() == ["firing first", "firing phone"]


def test_a_channel_of_the_rule_that_is_added_later_does_not_put_the_steps_off(tower: Tower) -> None:
    tower.fails()
    deliver(at(1))
    late = make_channel("late")
    tower.rule.channels.add(late)
    evaluate.sweep(at(250))
    pass_time(300)
    assert told() == ["firing first", "firing late", "firing phone"]


def test_a_mass_failure_escalates_too(fleet: Fleet) -> None:
    evaluate._swept_at = None
    tower = Tower(fleet, condition="mass-failure")
    mass = MassFailure.objects.create(began_at=at(0), failing=3, total=4, open=True)
    mass_failure.follow(mass, at(0))
    pass_time(300)
    assert told() == ["firing first", "firing phone"]
    mass_failure.follow(None, at(400))
    assert "boss" not in " ".join(told()) and Service.objects.count() == 1
    assert tower.boss.deliveries.count() == 0
