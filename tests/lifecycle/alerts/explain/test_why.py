"""Each reason for which an alert came, or did not, is named with its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate, operations
from lifecycle.alerts.explain import backtest, facts
from lifecycle.alerts.explain.words import sentence
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.windows import operations as windows
from lifecycle.core.alerting.explain.why import Line, What
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from lifecycle.monitoring.settings import change
from registry.models import Dependency, Role, Service
from tests.lifecycle.alerts.explain.conftest import Live, Recorded
from tests.support.fleet import NOON, at
from tests.support.fleet import make_rule as made_now

pytestmark = pytest.mark.django_db
W = What
HOUR = timedelta(hours=1)


def make_rule(*channels: Channel, **fields: Any) -> AlertRule:
    """One that was there before the fleet moved."""
    return made_now(*channels, **{"created_at": at(-86_400), **fields})


def of(row: Episode, now: datetime) -> list[tuple[What, datetime]]:
    return [(line.what, line.at) for line in facts.of_episode(row, now)]


def absence(service: Service, now: datetime, **more: Any) -> tuple[What, list[Line]]:
    service.refresh_from_db()
    (found,) = facts.absences(service, more.get("since", now - HOUR), now)
    return found.verdict.what, list(found.lines)


def whats(lines: list[Line]) -> list[What]:
    return [line.what for line in lines]


def test_an_alert_that_was_delivered_tells_its_whole_way(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel, for_seconds=15)
    fleet.move(fleet.service(), S.RECONNECTING, at(0))
    live = Live()
    for second in range(40):
        live.second(at(second))
    row = Episode.objects.get()
    operations.acknowledge(row.pk, by="ann", now=at(50))
    row.refresh_from_db()
    assert of(row, at(60))[:6] == [
        (W.MET, at(0)),
        (W.HOLD, at(0)),
        (W.FIRED, at(15)),
        (W.DELIVERED, at(25)),
        (W.ACKNOWLEDGED, at(50)),
        (W.CHANNEL_PAUSED, at(60)),
    ]
    hold = facts.of_episode(row, at(60))[1]
    assert (hold.span, hold.until) == (timedelta(seconds=15), at(15))
    said = sentence(hold, at(60)).text
    assert said.startswith("It must last for 15 s, so the alert is sent at 2026-11-21 ")


def test_what_was_over_too_soon_says_how_long_it_lasted(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel, for_seconds=15)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(8), event="connected")
    verdict, lines = absence(service, at(60))
    assert verdict is W.TOO_SHORT
    assert whats(lines)[:3] == [W.MET, W.HOLD, W.TOO_SHORT]
    assert (lines[2].span, lines[2].until) == (timedelta(seconds=8), at(15))
    assert {line.episode for line in lines[:3]} == {Episode.objects.get().pk}
    assert (W.TOO_SHORT, at(8)) in of(Episode.objects.get(), at(60))


def test_the_cooldown_of_the_alert_before_is_named(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(10), event="connected")
    fleet.move(service, S.RECONNECTING, at(20))
    row = Episode.objects.get(state="pending")
    cooldown = next(line for line in facts.of_episode(row, at(30)) if line.what is W.COOLDOWN)
    assert (cooldown.at, cooldown.until) == (at(20), at(300))
    fleet.move(service, S.HEALTHY, at(40), event="connected")
    _verdict, lines = absence(service, at(60))
    assert whats(lines)[:5] == [W.MET, W.FIRED, W.ENDED, W.MET, W.COOLDOWN]


def test_a_silence_and_a_window_are_named_with_their_times(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    values = {"services": [service.name], "starts_at": at(0), "ends_at": at(600), "comment": "moving"}
    silences.add(values, by="ann", now=at(0))
    window = {"name": "patch", "start": NOON, "minutes": 5, "rule": "", "zone": "UTC"}
    windows.save(None, window, by="bob", now=at(0))
    fleet.move(service, S.RECONNECTING, at(10))
    verdict, lines = absence(service, at(60))
    assert verdict is W.SILENCED
    silence = next(line for line in lines if line.what is W.SILENCED)
    upkeep = next(line for line in lines if line.what is W.MAINTENANCE)
    assert (silence.at, silence.until, silence.text, silence.by) == (at(0), at(600), "moving", "ann")
    assert (upkeep.at, upkeep.until, upkeep.by) == (NOON, at(330), "bob")
    assert W.SILENCED in [what for what, _at in of(Episode.objects.get(), at(60))]


def test_a_silence_is_the_reason_only_for_what_fired_in_it(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel, for_seconds=0)
    told, kept = fleet.service("told"), fleet.service("kept")
    fleet.move(told, S.RECONNECTING, at(0))
    silences.add({"starts_at": at(5), "ends_at": at(600)}, by="ann", now=at(5))
    fleet.move(kept, S.RECONNECTING, at(10))
    assert absence(told, at(60))[0] is W.FIRED
    assert absence(kept, at(60))[0] is W.SILENCED


def test_what_is_kept_back_while_a_service_is_flapping_says_so(fleet: Recorded, log_channel: Channel) -> None:
    flapping = make_rule(log_channel, name="flaps", condition="flapping")
    make_rule(log_channel, name="down")
    service = fleet.service()
    Episode.objects.create(
        rule=flapping, service=service, state="firing", opened_at=at(0), fired_at=at(0), due_at=at(0)
    )
    fleet.move(service, S.UNREACHABLE, at(10))
    row = Episode.objects.get(rule__name="down")
    assert W.FLAPPING in [what for what, _at in of(row, at(20))]
    down, flaps = facts.absences(service, at(-60), at(60))
    assert [(line.at, line.text) for line in down.lines if line.what is W.FLAPPING] == [(at(0), "flaps")]
    assert W.FLAPPING not in whats(list(flaps.lines))
    assert backtest.run(down.rule, [log_channel], at(60)).hushed == 1


def test_what_bars_every_alert_comes_first(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, scope={"kind": "tags", "values": ["paid"]})
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    assert absence(service, at(60))[0] is W.OUT_OF_SCOPE
    rule.scope, rule.enabled = {"kind": "all"}, False
    rule.save()
    assert absence(service, at(60))[0] is W.RULE_OFF
    rule.enabled = True
    rule.save()
    Service.objects.filter(pk=service.pk).update(desired="stopped")
    assert absence(service, at(60))[0] is W.AT_REST


def test_alerts_that_are_switched_off_for_all_are_named(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel)
    change.change({"alerts_enabled": False}, by="ann", role=Role.ADMIN, now=at(0))
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(1))
    assert absence(service, at(60))[0] is W.ALERTS_OFF
    assert W.ALERTS_OFF in [what for what, _at in of(Episode.objects.get(), at(60))]


def test_a_rule_without_a_working_channel_says_so(fleet: Recorded) -> None:
    rule = make_rule()
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    assert W.NO_CHANNEL in whats(absence(service, at(60))[1])
    off = Channel.objects.create(
        name="off",
        kind="console",
        enabled=False,
        disabled_reason="gone",
        created_at=NOON,
        sealed="",
        summary="",
    )
    rule.channels.add(off)
    line = absence(service, at(60))[1][-1]
    assert (line.what, line.name, line.text) == (W.CHANNEL_OFF, "off", "gone")


def test_one_that_is_folded_names_its_dependency(fleet: Recorded, log_channel: Channel) -> None:
    make_rule(log_channel)
    base, service = fleet.service("base"), fleet.service("weather")
    Dependency.objects.create(service=service, depends_on=base)
    fleet.move(base, S.RECONNECTING, at(0))
    fleet.move(service, S.RECONNECTING, at(1), held_by="base")
    row = Episode.objects.get(service=service)
    assert (W.FOLDED, "base") in [(line.what, line.name) for line in facts.of_episode(row, at(5))]
    assert absence(service, at(60))[0] is W.FOLDED
    fleet.move(base, S.HEALTHY, at(70), event="connected")
    fleet.move(service, S.HEALTHY, at(71), event="connected")
    assert W.TOO_SHORT in whats(absence(service, at(80))[1])
    assert absence(service, at(80))[0] is W.FOLDED, "also when it is over"


def test_a_service_that_was_always_well_and_a_rule_that_measures_what_is_not_kept(
    fleet: Recorded, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    service = fleet.service()
    assert absence(service, at(60))[0] is W.NEVER_MET
    rule.condition = "budget-burn"
    rule.save()
    assert absence(service, at(60))[0] is W.NOT_RECORDED
    rule.condition = "metric"
    rule.save()
    assert absence(service, at(60))[0] is W.NO_FIGURES


def test_a_mass_failure_is_among_the_alerts_of_each_service(fleet: Recorded, log_channel: Channel) -> None:
    rule = make_rule(log_channel, condition="mass-failure")
    service = fleet.service()
    assert absence(service, at(60))[0] is W.NEVER_MET
    Episode.objects.create(rule=rule, subject_kind="fleet", state="firing", opened_at=at(5), fired_at=at(5))
    assert absence(service, at(60))[0] is W.FIRED


def test_a_message_that_its_end_overtook_and_one_that_failed_say_so(
    fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    row = Episode.objects.get()
    Delivery.objects.update(state="dead", answer="no such host", attempts=3)
    assert [line.by for line in facts.of_episode(row, at(9)) if line.what is W.FAILED] == ["no such host"]
    Delivery.objects.update(state="queued", attempts=2)
    assert W.RETRYING in [what for what, _at in of(row, at(9))]
    Delivery.objects.update(state="superseded", attempts=0)
    assert W.SUPERSEDED in [what for what, _at in of(row, at(9))]


def test_by_the_rule_of_today_it_would_have_fired_where_no_alert_is_on_record(
    fleet: Recorded, log_channel: Channel
) -> None:
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    fleet.move(service, S.HEALTHY, at(100), event="connected")
    make_rule(log_channel, created_at=at(200))
    verdict, lines = absence(service, at(300))
    assert (verdict, lines[1].episode) == (W.FIRED, None)
    assert "would have fired" in sentence(lines[1], at(300), real=False).text
    assert W.RULE_NEW in whats(lines)


def test_the_absences_of_a_service_cost_few_queries(
    fleet: Recorded, log_channel: Channel, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        make_rule(log_channel, name=f"r{number}", condition="not-serving-for", seconds=60 + number)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, at(0))
    evaluate.tick(at(70))
    with django_assert_max_num_queries(9):
        assert len(facts.absences(service, at(-60), at(90))) == 6
