"""What each option does."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.utils import timezone

from lifecycle.alerts.outbox import late_channels, write
from lifecycle.alerts.outbox.content.story import Story
from lifecycle.alerts.rules import forms
from lifecycle.core.health.verdict import Level
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import options
from lifecycle.engine.host import log_format
from lifecycle.engine.recording import routine
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.record import FLUSH_EVERY, Recorder
from lifecycle.models import (
    AlertRule,
    Channel,
    CheckResult,
    Delivery,
    Episode,
    Rollup5m,
    ServiceState,
)
from lifecycle.monitoring.settings import change, in_force
from registry.models import Role
from tests.lifecycle.engine.recording.test_routine import checked, make_held
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    in_force.take(options.DEFAULTS)
    logging.getLogger().setLevel(level)


def set_to(**values: Any) -> None:
    change.change(values, by="ann", role=Role.ADMIN, now=timezone.now())


def test_a_process_follows_when_it_looks() -> None:
    set_to(cpu_threshold=50)
    assert in_force.get().cpu_threshold == 80
    assert in_force.look().cpu_threshold == 50
    assert in_force.get().cpu_threshold == 50


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Logging is afterwards as the other tests have it."""
    kept, root = structlog.get_config(), logging.getLogger()
    level, handlers, hook = root.level, list(root.handlers), sys.excepthook
    threads = threading.excepthook
    yield
    structlog.configure(**kept)
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hook, threads


@pytest.mark.usefixtures("logging_kept")
def test_the_log_level_changes_while_a_process_runs(capsys: pytest.CaptureFixture[str]) -> None:
    log_format.configure()
    structlog.configure(cache_logger_on_first_use=False)
    log, plain = structlog.get_logger("lifecycle.test"), logging.getLogger("mcpstore.test")
    log.info("heard")
    set_to(log_level="ERROR")
    in_force.look()
    log.warning("not heard")
    plain.warning("not heard either")
    log.error("heard again")
    set_to(log_level="DEBUG")
    in_force.look()
    log.debug("heard the most")
    said = capsys.readouterr().err
    assert "not heard" not in said
    assert all(word in said for word in ("heard", "heard again", "heard the most"))


def test_rules_with_the_usual_cooldown_follow_it_and_new_ones_have_it() -> None:
    now = timezone.now()
    usual, own = (
        AlertRule.objects.create(
            name=name, condition="state-entered", cooldown_seconds=seconds, created_at=now
        )
        for name, seconds in (("usual", 300), ("own", 60))
    )
    set_to(alert_cooldown=900)
    usual.refresh_from_db()
    own.refresh_from_db()
    assert (usual.cooldown_seconds, own.cooldown_seconds) == (900, 60)
    assert forms.RuleForm()["cooldown"].value() == 900


def test_without_recording_states_are_written_and_no_checks() -> None:
    held = make_held("weather")
    set_to(enabled=False)
    in_force.look()
    routine.write([checked(held, 1)])
    assert ServiceState.objects.get(pk=held.service_id).consecutive_successes == 1
    assert not CheckResult.objects.exists()
    assert not Rollup5m.objects.exists()
    set_to(enabled=None)
    in_force.look()
    routine.write([checked(held, 2)])
    assert (CheckResult.objects.count(), Rollup5m.objects.count()) == (1, 1)


async def test_checks_are_written_as_soon_as_the_buffer_is_full() -> None:
    written: list[int] = []

    class Writer:
        async def write(self, _work: Any, checks: list[Any], *_more: Any) -> None:
            written.append(len(checks))

    recorder, stop = Recorder(Writer(), "w", lambda moves: None), asyncio.Event()  # type: ignore[arg-type]
    recorder.most = 3
    now = timezone.now()
    snap = Snapshot(state=State.HEALTHY, state_entered_at=now, healthy_since=now)
    held = Held(1, "weather", snap, 1)
    running = asyncio.create_task(recorder.run(stop))
    await asyncio.sleep(0)
    began = time.monotonic()
    for _ in range(3):
        recorder.check(held, snap, Level.HEALTHY, now)
    while not written:
        await asyncio.sleep(0.01)
    assert time.monotonic() - began < FLUSH_EVERY / 2
    recorder.check(held, snap, Level.HEALTHY, now)
    stop.set()
    await running
    assert written == [3, 1]


def test_alerts_that_are_switched_off_are_opened_and_not_sent_until_they_are_on_again() -> None:
    now = timezone.now()
    rule = AlertRule.objects.create(name="r", condition="state-entered", created_at=now)
    rule.channels.add(Channel.objects.create(name="log", kind="console", sealed="", created_at=now))
    service = make_service("down", State.UNREACHABLE)
    row = Episode.objects.create(rule=rule, service=service, state="firing", opened_at=now, fired_at=now)
    story = Story(state="UNREACHABLE", reason="refused")
    set_to(alerts_enabled=False)
    write.queue_firing([(row, story)], now)
    assert late_channels.catch_up(now, 10) == 0
    assert not Delivery.objects.exists()
    set_to(alerts_enabled=True)
    assert late_channels.catch_up(now, 10) == 1
    assert Delivery.objects.get().kind == "firing"


def test_nothing_finer_is_kept_for_longer_than_metrics_are_kept_at_all() -> None:
    assert options.DEFAULTS.kept_days() == {0: 2, 300: 14, 3600: 90, 86_400: 730}
    assert options.read({"metrics_retention_days": 7}).kept_days() == {0: 2, 300: 7, 3600: 7, 86_400: 7}
