"""Random walks of states, silences, maintenance, acknowledgements, edits of rules and dying workers."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate, measured, operations
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.windows import operations as windows
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode, Silence
from tests.support.fleet import NOON, Fleet, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db
STEPS = 45
STATES = [S.HEALTHY, S.HEALTHY, S.WARNING, S.RECONNECTING, S.UNREACHABLE]


class Walk:
    """One console's day; `arrived` is what each channel took, in order, as (episode, kind)."""

    def __init__(self, seed: int) -> None:
        self.chance, self.now = random.Random(seed), NOON
        self.fleet, self.pacing = Fleet(), Pacing()
        self.channels = [make_channel(name) for name in ("one", "two", "phone", "boss")]
        one, two, phone, boss = self.channels
        steps = [
            {"wait": 30, "channels": [phone.pk, two.pk], "repeat": 1},
            {"wait": 60, "channels": [], "repeat": 0},
            {"wait": 60, "channels": [boss.pk], "repeat": 2},
        ]
        make_rule(one, two, for_seconds=15, reminder_seconds=300, steps=steps)
        long = {"condition": "not-serving-for", "seconds": 120, "level": "CRITICAL"}
        make_rule(one, name="long", **long, steps=steps[:1])
        make_rule(two, name="kept", keep_firing_seconds=60, cooldown_seconds=0)
        self.services = [self.fleet.service(f"s{n}", tags=[f"t{n % 2}"]) for n in range(4)]
        self.arrived: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        self.sent: dict[str, Any] = {}
        self.down: set[int] = set()

    def step(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([1, 5, 20, 70]))
        deeds = [
            *[self.move] * 3,
            self.cut,
            self.hush,
            self.unhush,
            self.take_on,
            self.edit,
            self.switch_phone,
        ]
        self.chance.choice(deeds)()
        evaluate.tick(self.now)
        measured.now_and_then(self.now)
        self.deliver(self.chance.choice(["well", "well", "badly", "dies"]))
        assert not _twice_open()

    def move(self) -> None:
        service, after = self.chance.choice(self.services), self.chance.choice(STATES)
        self.fleet.move(service, after, self.now, event="connected" if after is S.HEALTHY else "lost")

    def hush(self) -> None:
        end = self.now + timedelta(seconds=self.chance.choice([30, 300]))
        if self.chance.random() < 0.3:
            start = self.now.replace(second=0, microsecond=0)
            values = {"name": f"w{self.now}", "start": start, "minutes": 2, "rule": "", "zone": "UTC"}
            windows.save(None, {**values, "tags": ["t0"]}, by="ann", now=self.now)
        else:
            values = {"services": [self.chance.choice(self.services).name], "starts_at": self.now}
            silences.add(values | {"ends_at": end}, by="ann", now=self.now)

    def unhush(self) -> None:
        live = Silence.objects.filter(ends_at__gt=self.now).first()
        if live is not None:
            silences.end(live, by="bob", now=self.now)

    def take_on(self) -> None:
        firing = list(Episode.objects.filter(state=Episode.State.FIRING).order_by("pk"))
        if firing:
            operations.acknowledge(self.chance.choice(firing).pk, by="ann", now=self.now)

    def edit(self) -> None:
        rule = self.chance.choice(list(AlertRule.objects.order_by("pk")))
        if self.chance.random() < 0.5:
            rule.enabled = not rule.enabled
        else:
            rule.for_seconds = self.chance.choice([0, 15, 60])
        rule.save()
        evaluate.reconsider(rule, self.now, "ann")

    def cut(self) -> None:
        """A receiver takes nothing for a while, so that its repetitions come rarely."""
        self.down ^= {self.chance.choice(self.channels).pk}

    def switch_phone(self) -> None:
        """Off, and on again some steps later."""
        phone = Channel.objects.get(name="phone")
        Channel.objects.filter(pk=phone.pk).update(enabled=not phone.enabled)

    def deliver(self, how: str) -> None:
        """A worker that dies has claimed a message, sent it perhaps, and written nothing."""
        for number in queue.due_channels(self.now, self.pacing):
            while (found := queue.take(number, self.now, self.pacing)) is not None:
                took = how == "well" or (how == "dies" and self.chance.random() < 0.5)
                took = took and number not in self.down
                if took:
                    self._arrive(found)
                if how == "dies":
                    break
                queue.settle(found, Outcome(ok=took, answer=how, took=timedelta(0)), self.now, 0.5)

    def _arrive(self, found: Delivery) -> None:
        parts = list(found.members.filter(state="queued").select_related("episode")) or [found]
        turns = [row for row in parts if row.kind == "firing" and row.turn]
        idle = [row for row in turns if not row.episode or row.episode.state != "firing"]
        assert not idle, "called about what is over"
        late = [row for row in parts if row.kind == "firing" and _is_over(row)]
        assert found.attempts > 1 or not late, "sent late, though its end is there"
        mine = str(found.message_id)
        before = self.sent.setdefault(mine, found.payload)
        assert before == found.payload or _says_less(found.payload, before), "another text under the same id"
        data = found.payload["data"]
        members = data.get("members", ())
        over = {one["episode"] for one in members if one["kind"] == "resolved"}
        assert not over & {one["episode"] for one in members if one["kind"] != "resolved"}, "both in one"
        for one in data.get("members", [data]):
            kind = one.get("kind", found.payload["type"].removeprefix("alert."))
            if kind == "resolved" and "not reported before" in one["message"]:
                self.arrived[found.channel_id].append((one["episode"], "firing"))
            self.arrived[found.channel_id].append((one["episode"], kind))

    def finish(self) -> None:
        """All rules are on, all silences over, all services well, all channels take."""
        Channel.objects.update(enabled=True)
        self.down.clear()
        for rule in AlertRule.objects.filter(enabled=False):
            AlertRule.objects.filter(pk=rule.pk).update(enabled=True)
        for service in self.services:
            self.fleet.move(service, S.HEALTHY, self.now, event="connected")
        for _ in range(20):
            self.now += timedelta(seconds=65)
            evaluate.tick(self.now)
            self.deliver("well")


def _says_less(payload: Any, before: Any) -> bool:
    """Whether it is that group without those that somebody took on meanwhile."""
    left, all_of_them = payload["data"]["members"], before["data"]["members"]
    return len(left) < len(all_of_them) and all(one in all_of_them for one in left)


def _is_over(row: Delivery) -> bool:
    return row.episode is not None and row.episode.state == Episode.State.RESOLVED


def _twice_open() -> list[Any]:
    live = Episode.objects.exclude(state=Episode.State.RESOLVED)
    return [pair for pair, n in Counter(live.values_list("rule", "service")).items() if n > 1]


@pytest.mark.parametrize("seed", [1, 9, 10])
def test_each_beginning_that_is_told_has_exactly_one_end_after_it(seed: int) -> None:
    evaluate.forget()
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.finish()
    assert not Episode.objects.exclude(state=Episode.State.RESOLVED).exists()
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"delivered", "superseded"}
    for kinds in _stories(walk).values():
        first = list(dict.fromkeys(kind for kind in kinds if kind != "reminder"))
        assert first == ["firing", "resolved"], kinds
        assert "reminder" not in kinds[kinds.index("resolved") :], kinds
    for episode in Episode.objects.filter(fired_at__isnull=False):
        rows = Counter(episode.deliveries.values_list("channel", "kind"))
        told = {channel for channel, number in _stories(walk) if number == episode.pk}
        assert told == {channel for channel, kind in rows if kind == "resolved"}
        assert all(n == 1 for (_channel, kind), n in rows.items() if kind != "reminder")


def _stories(walk: Walk) -> dict[tuple[int, int], list[str]]:
    found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for channel, told in walk.arrived.items():
        for episode, kind in told:
            found[channel, episode].append(kind)
    return found


def test_the_walk_meets_what_it_is_about() -> None:
    """Else the property would hold of nothing."""
    evaluate.forget()
    seen: Counter[str] = Counter()
    walk = Walk(7)
    for _ in range(STEPS):
        walk.step()
    seen.update(Delivery.objects.values_list("kind", flat=True))
    seen.update(Delivery.objects.values_list("state", flat=True))
    assert seen["firing"] > 3 and seen["resolved"] > 3
    assert Delivery.objects.filter(episode=None).exists() and Silence.objects.exists()
    turns = set(Delivery.objects.filter(turn__gt=0).values_list("turn", "kind", "channel__name"))
    assert {("firing", "phone"), ("firing", "boss"), ("reminder", "two")} <= {turn[1:] for turn in turns}
