"""Whatever people, servers, children and clocks do, in whatever order: the rows always agree."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from lifecycle.core.machine.states import CONNECTING, SERVING, TRANSITIONS, Event, State
from lifecycle.models import AlertRule, Channel, Command, Episode, ServiceState, StateChange
from lifecycle.operations import commands as operation_commands
from registry.errors import RegistryError
from registry.models import Role, Service
from registry.services import register
from tests.guarantees import figures
from tests.guarantees.figures import LONG
from tests.guarantees.wound import Wound, eventually
from tests.support.console import processes_marked
from tests.support.mcp_servers import light_entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800 if LONG else 300)]
EXAMPLES = 150 if LONG else 6
STEPS = 20
LONGER_THAN_A_HANG = 4000.0
MODES = (
    "ok",
    "slow",
    "hang",
    "401",
    "429",
    "503",
    "html",
    "garbage",
    "wrong-id",
    "reset",
    "forgets",
    "bad-tool",
)
COMMANDS = ("start", "stop", "restart", "reconnect", "check", "refresh-tools")
NAMES = ("legacy", "modern", "child")
names = st.sampled_from(NAMES)
OPEN = ("queued", "taken")


class Life(RuleBasedStateMachine):
    """Three services, two servers, one child process, one worker after the other."""

    folder: Path
    troubles: list[Exception] = []

    def __init__(self) -> None:
        super().__init__()
        self.mark = uuid4().hex
        self.wound = Wound(self.folder)
        self.servers = {era: self.wound.serve(era) for era in ("legacy", "modern")}
        self.listening = dict.fromkeys(self.servers, True)
        self.here: dict[str, str] = {}
        _rules(self.wound)
        self.wound.run()

    # -- what people do

    @initialize(some=st.sets(names, min_size=1))
    def begin(self, some: set[str]) -> None:
        for name in sorted(some):
            self.add_or_change(name, 0)

    @rule(name=names, number=st.integers(0, 2))
    def add_or_change(self, name: str, number: int) -> None:
        entry: dict[str, Any] = light_entry(self.mark)
        if name in self.servers:
            entry = {"url": self.servers[name].url, "headers": {"X-Number": str(number)}}
        entry["description"] = f"number {number}"
        results = register.register(
            {"mcpServers": {name: entry}}, by="ann", role=Role.ADMIN, now=self.wound.now()
        )
        assert results[0].error is None
        self.here.setdefault(name, "running")

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.here)))
        register.remove(name, by="ann", now=self.wound.now())
        del self.here[name]

    @precondition(lambda self: self.here)
    @rule(data=st.data(), kind=st.sampled_from(COMMANDS), force=st.booleans())
    def ask(self, data: st.DataObject, kind: str, force: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.here)))
        try:
            operation_commands.request(
                kind, name, by="ann", now=self.wound.now(), force=force and kind == "stop"
            )
        except RegistryError:
            assert self.here[name] == "stopped" and kind in ("check", "refresh-tools")
            return
        if kind not in ("check", "refresh-tools"):
            self.here[name] = "stopped" if kind == "stop" else "running"

    # -- what servers, children, clocks and workers do

    @rule(era=st.sampled_from(["legacy", "modern"]), mode=st.sampled_from(MODES))
    def misbehave(self, era: str, mode: str) -> None:
        self.servers[era].mode = mode

    @rule(era=st.sampled_from(["legacy", "modern"]))
    def drop_connections(self, era: str) -> None:
        self.wound.call(_called(self.servers[era].drop))

    @rule(era=st.sampled_from(["legacy", "modern"]))
    def die_or_come_back(self, era: str) -> None:
        self.listening[era] = not self.listening[era]
        server = self.servers[era]
        self.wound.call(server.start() if self.listening[era] else server.stop())

    @rule()
    def kill_children(self) -> None:
        for process in processes_marked(self.mark):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    @rule(seconds=st.sampled_from([0.3, 1.0, 6.0, 31.0, 120.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.wound.wind(seconds)
        eventually(lambda: False, 0.02)

    @rule()
    def the_worker_changes(self) -> None:
        self.wound.leave()
        self.wound.run()

    @rule()
    def things_settle(self) -> None:
        eventually(lambda: not Command.objects.filter(state__in=OPEN).exists(), 0.3)

    # -- what is true at any moment

    @invariant()
    def the_rows_agree(self) -> None:
        assert not self.wound.failed()
        with transaction.atomic():
            states = list(ServiceState.objects.select_related("service"))
            changes = list(StateChange.objects.order_by("id"))
            episodes = list(Episode.objects.prefetch_related("deliveries"))
        for row in states:
            trail = [change for change in changes if change.service_id == row.pk]
            _follows_the_table(trail)
            assert trail[-1].after == row.state
            _figures_fit(row)
        for episode in episodes:
            _told_in_order(episode)
        open_pairs = [(one.rule_id, one.service_id) for one in episodes if one.state != "resolved"]
        assert len(open_pairs) == len(set(open_pairs))

    # -- what comes true in the end

    def teardown(self) -> None:
        if isinstance(trouble := sys.exc_info()[1], Exception):
            self.troubles.append(trouble)
        try:
            self._all_is_well_again()
            self.the_rows_agree()
            self.wound.leave()
            self._nothing_is_left()
        except Exception as trouble:
            self.troubles.append(trouble)
            raise
        finally:
            self.wound.close()
            Service.objects.all().delete()
            AlertRule.objects.all().delete()
            Channel.objects.all().delete()

    def _all_is_well_again(self) -> None:
        """Every server answers, time goes on: what is desired comes true, and every episode ends."""
        for era, server in self.servers.items():
            server.mode = "ok"
            if not self.listening[era]:
                self.wound.call(server.start())
        for _ in range(60):
            if eventually(self.wound.idle, 2) and eventually(lambda: not self._astray(), 0.15):
                return
            self.wound.wind(25)
        raise AssertionError(f"not in 25 minutes: {self._astray()}")

    def _astray(self) -> list[Any]:
        rows = ServiceState.objects.filter(service__removed_at=None).values_list("service__name", "state")
        target = {"running": "HEALTHY", "stopped": "DISCONNECTED"}
        want = {name: target[desired] for name, desired in self.here.items()}
        astray: list[Any] = sorted(want.items() ^ set(rows))
        gone = ServiceState.objects.exclude(service__removed_at=None).exclude(state="DISCONNECTED")
        astray += gone.values_list("service__name", "state")
        astray += Command.objects.filter(state__in=OPEN).values_list("kind", "state")
        astray += Episode.objects.exclude(state="resolved").values_list("service__name", "rule__name")
        return astray

    def _nothing_is_left(self) -> None:
        self.wound.wind(LONGER_THAN_A_HANG)
        for server in self.servers.values():
            self.wound.call(server.stop())
        assert eventually(lambda: not self.wound.tasks(), 12), "\n".join(self.wound.tasks())
        assert eventually(lambda: not processes_marked(self.mark), 6)


async def _called(function: Callable[[], None]) -> None:
    function()


def _rules(wound: Wound) -> None:
    """Both kinds of conditions, with a channel, so that messages are queued."""
    now = wound.now()
    channel = Channel.objects.create(name="log", kind="console", created_at=now)
    common = {"scope": {"kind": "all"}, "cooldown_seconds": 0, "for_seconds": 0, "created_at": now}
    states = ["RECONNECTING", "UNREACHABLE"]
    for rule_row in (
        AlertRule.objects.create(name="entered", condition="state-entered", states=states, **common),
        AlertRule.objects.create(name="lasting", condition="not-serving-for", seconds=60, **common),
    ):
        rule_row.channels.add(channel)


def _follows_the_table(trail: list[StateChange]) -> None:
    assert trail[0].before == "" and trail[0].event == "registered"
    for earlier, change in pairwise(trail):
        assert change.before == earlier.after
        assert TRANSITIONS[State(change.before)][Event(change.event)] == change.after


def _figures_fit(row: ServiceState) -> None:
    state = State(row.state)
    assert not (row.consecutive_failures and row.consecutive_successes)
    assert (row.not_serving_since is None) or state not in SERVING
    if state in CONNECTING:
        assert row.not_serving_since is not None
    if state is State.HEALTHY:
        assert row.healthy_since is not None and row.consecutive_failures < 5
    if state in (State.DISCONNECTING, State.DISCONNECTED):
        assert row.disconnect_reason


def _told_in_order(episode: Episode) -> None:
    kinds = [one.kind for one in sorted(episode.deliveries.all(), key=lambda one: one.pk)]
    assert kinds in ([], ["firing"], ["firing", "resolved"])
    assert bool(kinds) == (episode.fired_at is not None)
    assert (episode.state == "resolved") == (episode.resolved_at is not None)
    if episode.state == "resolved" and episode.fired_at:
        assert kinds == ["firing", "resolved"]


def test_the_rows_agree_whatever_happens_and_what_is_desired_comes_true(tmp_path: Path) -> None:
    quick = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=not LONG,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    Life.folder, Life.troubles = tmp_path, []
    try:
        run_machine(Life, settings=quick)
    except Flaky:
        # Whatever hangs on moments does not come again: what counts is the first time.
        raise Life.troubles[0] from None
    figures.note(2, "random lives of an engine, with all rows in agreement", EXAMPLES)
