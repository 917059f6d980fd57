"""`kill -9` of the worker at random moments, while services go up and down, loses and leaves nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from threading import Event, Thread
from uuid import uuid4

import psutil
import pytest

from tests.guarantees import evidence, figures
from tests.guarantees.figures import LONG
from tests.support.console import Console, ConsoleStarter, eventually, processes_marked
from tests.support.mcp_servers import LightServer, light_entry
from tests.support.receivers import SmtpReceiver, WebhookReceiver
from tests.support.tools import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800 if LONG else 300)]
KILLS = 100 if LONG else 4
LONGEST_LIFE = 3.0 if LONG else 2.0
FEWEST_MESSAGES = KILLS / 2 if LONG else 2
"""Of the short form only the one alert that outlasts a kill is certain: that it begins, and that it ends."""
SEED = 20261121
DOWN = frozenset({"RECONNECTING", "UNREACHABLE"})
SECRET = "whsec_" + "bWNwc3RvcmUtdGVzdHMtc2lnbmluZy1zZWNyZXQ="
HASTY = {
    "health_check_interval": 2,
    "failure_recheck_interval": 0.5,
    "max_restarts": 1000,
    "restart_delay": 0.5,
    "quick_max_delay": 2,
    "base_delay": 2,
    "max_delay": 2,
}
"""Else a server that has been down for minutes is tried again after minutes, and nothing happens to it."""
SET_UP = """
from django.utils import timezone
from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.models import AlertRule, Channel, MonitoringSettings, PolicyHead, PolicyProfile
now = timezone.now()
MonitoringSettings.objects.create(changes={{"alert_group_wait": 1, "alert_group_interval": 2}},
    updated_by="ann", updated_at=now)
PolicyProfile.objects.create(name="normal", changes={hasty!r}, updated_by="ann", updated_at=now)
PolicyHead.objects.update_or_create(pk=1, defaults={{"revision": 1}})
AlertRule.objects.all().delete()
rule = AlertRule.objects.create(name="down", condition="state-entered",
    states=["RECONNECTING", "UNREACHABLE"], cooldown_seconds=0, for_seconds=0,
    scope={{"kind": "all"}}, created_at=now)
hook = channel_config.Config(url={url!r}, secret={secret!r})
mail = channel_config.Config(to=("ops@example.org",))
for kind, config in (("webhook", hook), ("email", mail)):
    rule.channels.add(Channel.objects.create(name=kind, kind=kind, sealed=channel_config.seal(config),
        summary=KINDS[kind].summary(config), created_at=now))
"""


@pytest.fixture
def servers() -> Iterator[list[LightServer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(LightServer(era=era)) for era in ("modern", "legacy", "modern")]


@pytest.fixture
def prepared(
    start_console: ConsoleStarter,
    servers: list[LightServer],
    smtp_receiver: SmtpReceiver,
    webhook_receiver: WebhookReceiver,
    mark: str,
) -> Console:
    """A console with services and channels, at rest: its database is there, none of its processes is."""
    console = start_console(EMAIL_URL=smtp_receiver.url)
    console.python(SET_UP.format(url=webhook_receiver.url, secret=SECRET, hasty=HASTY))
    over_http = {f"http-{number}": {"url": server.url} for number, server in enumerate(servers)}
    over_stdio = {"plain": light_entry(mark), "parent": light_entry(mark, "orphan")}
    console.register(**over_http, **over_stdio)
    for name in (*over_http, *over_stdio):
        console.wait_for(name, "HEALTHY")
    assert console.stop() == 0
    assert processes_marked(mark) == []
    return console


@pytest.fixture
def mark() -> str:
    return uuid4().hex


@contextmanager
def started_worker(console: Console) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that does not outlive the block, whatever fails in it."""
    with console.log.open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "runlifecycle"],
            cwd=ROOT,
            env=console.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


@contextmanager
def unrest(chance: random.Random, servers: list[LightServer], mark: str) -> Iterator[None]:
    """Servers die and come back, children are killed, until the block ends; then all servers are up."""
    over = Event()

    def storm() -> None:
        while not over.wait(chance.uniform(0.2, 0.8)):
            if chance.random() < 0.3:
                kill_a_child(chance, mark)
                continue
            server = chance.choice(servers)
            server.kill() if server.process else server.start()

    thread = Thread(target=storm)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for server in servers:
            if server.process is None:
                server.start()


def kill_a_child(chance: random.Random, mark: str) -> None:
    if children := processes_marked(mark):
        with suppress(psutil.NoSuchProcess):
            chance.choice(children).kill()


def gone(mark: str) -> Callable[[], bool]:
    return lambda: not processes_marked(mark)


def test_no_process_no_torn_state_no_lost_alert(
    prepared: Console,
    servers: list[LightServer],
    smtp_receiver: SmtpReceiver,
    webhook_receiver: WebhookReceiver,
    mark: str,
) -> None:
    chance = random.Random(SEED)
    with unrest(random.Random(SEED + 1), servers, mark):
        for number in range(KILLS):
            with started_worker(prepared) as worker:
                if number % 5:
                    eventually(partial(seen, prepared, worker.pid), "the worker is at work", 30)
                time.sleep(chance.uniform(0, LONGEST_LIFE))
                assert worker.poll() is None, prepared.output()[-3000:]
            eventually(gone(mark), f"no process is left after kill {number + 1}", 6)
            assert evidence.torn(prepared, channels=2, down=DOWN) == [], f"after kill {number + 1}"
            webhook_receiver.verified(SECRET)
    an_alert_over_a_kill(prepared, servers[0])
    finish(prepared, mark)
    figures.note(2, "kills at a random moment, while servers and children die: torn rows after them", 0)
    figures.note(6, "kills at a random moment", KILLS)
    figures.note(6, "processes left behind 6 s after any of them", 0)
    count(prepared, smtp_receiver, webhook_receiver)


def seen(console: Console, pid: int) -> bool:
    """Whether this worker has begun its work; the others are killed while they start."""
    return bool(console.rows("SELECT id FROM lifecycle_workerseen WHERE pid = ?", pid))


def an_alert_over_a_kill(console: Console, server: LightServer) -> None:
    """However few the random moments brought, this one began with one worker and ends with another."""
    server.kill()
    with started_worker(console) as worker:
        eventually(
            partial(open_and_told, console), "an alert has fired and all that is due is told", 60, pause=0.5
        )
        assert worker.poll() is None, console.output()[-3000:]
    server.start()


def open_and_told(console: Console) -> bool:
    open_now = console.rows("SELECT id FROM lifecycle_episode WHERE state = 'firing'")
    return bool(open_now) and not evidence.undelivered(console)


def finish(console: Console, mark: str) -> None:
    """With all servers up again, let a last worker bring everything to rest, and end it politely."""
    with started_worker(console) as worker:
        looking = partial(at_rest, console, worker.pid)
        eventually(looking, "all services are healthy and all messages delivered", 90, pause=0.5)
        worker.terminate()
        assert worker.wait(20) == 0
    assert processes_marked(mark) == []
    assert evidence.torn(console, channels=2, down=DOWN) == []


def at_rest(console: Console, pid: int) -> bool:
    """Whether this worker has looked at everything, and nothing is wrong or waits any more."""
    states = console.rows(evidence.STATES)
    looked_at = all(row["worker"].endswith(f"-{pid}") for row in states)
    healthy = {row["state"] for row in states} == {"HEALTHY"}
    return looked_at and healthy and not evidence.undelivered(console)


def count(console: Console, smtp_receiver: SmtpReceiver, webhook_receiver: WebhookReceiver) -> None:
    """Each message that an episode caused has arrived, at both receivers, and no other has."""
    webhook_receiver.verified(SECRET)
    assert len(evidence.expected_ids(console, "webhook")) >= FEWEST_MESSAGES
    superseded = evidence.superseded_ids(console)
    for kind, arrived in (
        ("webhook", set(evidence.webhook_ids(webhook_receiver))),
        ("email", set(evidence.mail_ids(smtp_receiver))),
    ):
        expected = evidence.expected_ids(console, kind)
        assert expected <= arrived <= expected | superseded
    orders = evidence.order(webhook_receiver)
    assert set(map(tuple, orders.values())) == {("firing", "resolved")}
