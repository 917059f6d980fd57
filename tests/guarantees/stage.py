"""What happens while a worker that is to die at a step is at work, and what must be true after it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from lifecycle.models import (
    AlertRule,
    Command,
    Delivery,
    MonitoringSettings,
    PolicyHead,
    PolicyProfile,
    ServiceState,
    WorkerSeen,
)
from lifecycle.operations import commands as operation_commands
from registry.errors import RegistryError
from registry.models import Role, Service
from registry.services import register
from tests.doubles.fault_server import FaultServer
from tests.guarantees import evidence
from tests.guarantees.channels import NATIVE, SECRET, Channels
from tests.guarantees.steps import STEPS, Step
from tests.lifecycle.monitoring.rollups.checking import sums_agree
from tests.support.bench import Bench
from tests.support.console import eventually, processes_marked
from tests.support.mcp_servers import light_entry
from tests.support.receivers import SmtpReceiver, WebhookReceiver
from tests.support.tools import ROOT
from tests.support.worker_program import environment

DOWN = frozenset({"RECONNECTING", "UNREACHABLE"})
ALIVE = -1
PACE = 0.15
LONGEST = 45.0
HASTY = {
    "health_check_interval": 0.3,
    "failure_recheck_interval": 0.1,
    "max_restarts": 1000,
    "restart_delay": 0.1,
    "quick_max_delay": 0.3,
    "base_delay": 0.3,
    "max_delay": 0.3,
}


class Rows:
    """Reads the test's own database as `evidence` asks for it."""

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class Nursery:
    """The program that forks workers, and what it says of the one it forked last."""

    def __init__(self, log: Path, **more: str) -> None:
        env = environment() | {
            **more,
            "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
            "MCPSTORE_EGRESS_ALLOW": "127.0.0.0/8",
        }
        with log.open("ab") as output:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "tests.guarantees.doomed"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        self._said: queue.Queue[dict[str, int]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.pid = 0
        self.met = False

    def _listen(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            self._said.put(json.loads(line))

    def start(self, number: int, last: int = 1) -> None:
        """Fork a worker that dies at the *last* passage of step *number*."""
        assert self._program.stdin is not None
        self._program.stdin.write(f"{number} {last}\n".encode())
        self._program.stdin.flush()
        self.pid, self.met = self._said.get(timeout=30)["pid"], False

    def ended(self, seconds: float = 0) -> int | None:
        """The exit status of the worker, or None while it lives."""
        end = time.monotonic() + seconds
        while True:
            try:
                said = self._said.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                assert self._program.poll() is None, "the program that forks workers has ended"
                return None
            self.met = self.met or "met" in said
            if "ended" in said:
                self.pid = 0
                return said["ended"]

    def signal(self, number: signal.Signals) -> None:
        """Send it to the worker, which may have ended in this moment."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def close(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._program.stdin is not None and self._program.stdout is not None
        self._program.stdin.close()
        self._program.wait(20)
        self._program.stdout.close()


class Stage:
    """Services, servers, channels and a nursery; one worker after the other plays on it."""

    def __init__(self, folder: Path, mark: str, hook: WebhookReceiver, mail: SmtpReceiver) -> None:
        self.mark, self.log = mark, folder / "workers.log"
        self._servers = Bench(folder)
        self._web = self._servers.server()
        self.channels = Channels(self._servers, hook, mail, self.log)
        self._fresh = 0
        self.longest = 0.0
        PolicyProfile.objects.create(
            name="normal", changes=HASTY, updated_by="ann", updated_at=timezone.now()
        )
        PolicyHead.objects.update_or_create(pk=1, defaults={"revision": 1})
        _alert(self.channels)
        self.add("web", {"url": self._web.url})
        self.add("legacy", {"url": self._servers.server(era="legacy").url})
        self.add("parent", light_entry(mark, "orphan"))
        self.add("plain", light_entry(mark))
        self.nursery = Nursery(self.log, EMAIL_URL=mail.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.nursery.close()
        self.channels.close()
        self._servers.close()

    def add(self, name: str, entry: dict[str, Any]) -> None:
        now = timezone.now()
        register.register({"mcpServers": {name: entry}}, by="ann", role=Role.ADMIN, now=now)

    # -- what happens

    def die_at(self, step: Step, last: int) -> None:
        """Let a worker play until it dies at the *last* passage of *step*; fails if that is never met."""
        self.nursery.start(STEPS.index(step), last)
        began, scenes = time.monotonic(), cycle(self._scenes(leaving=step.group == "leaving"))
        while (status := self.nursery.ended(PACE)) is None:
            assert time.monotonic() - began < LONGEST, f"never met: {step.name} ({last})"
            next(scenes)()
            if step.group == "leaving" and self.nursery.ended() is not None:
                break
        assert self.nursery.met, f"{step.name} ({last}): ended with {status}\n{self._log_end()}"

    def _scenes(self, *, leaving: bool) -> list[Callable[[], object]]:
        """One after the other, round and round; each is something that a console's day may bring."""
        web, ask = self._web, self._ask
        down_and_up: list[Callable[[], object]] = [
            lambda: self._servers.call(web.stop()),
            lambda: ask("restart", "parent"),
            self._add_one,
            lambda: ask("stop", "plain", force=self._fresh % 2 == 0),
            lambda: self._servers.call(_restarted(web)),
            lambda: ask("start", "plain"),
            self._kill_a_child,
            lambda: ask("check", "legacy"),
            lambda: ask("reconnect", "legacy"),
            self._remove_one,
        ]
        return [*down_and_up[:6], self._say_goodbye] if leaving else down_and_up

    def _say_goodbye(self) -> None:
        if WorkerSeen.objects.filter(pid=self.nursery.pid).exists():
            self.nursery.signal(signal.SIGTERM)

    def _ask(self, kind: str, name: str, **more: Any) -> None:
        with suppress(RegistryError):
            operation_commands.request(kind, name, by="ann", now=timezone.now(), **more)

    def _add_one(self) -> None:
        self._fresh += 1
        self.add(f"new-{self._fresh}", {"url": f"{self._web.url}?{self._fresh}"})
        self._remove_one(before=3)

    def _remove_one(self, before: int = 0) -> None:
        with suppress(RegistryError):
            register.remove(f"new-{self._fresh - before}", by="ann", now=timezone.now())

    def _kill_a_child(self) -> None:
        for process in processes_marked(self.mark)[:1]:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    # -- what must be true

    def check(self, what: str) -> None:
        """No worker is there: nothing is left of it, and nothing is half done."""
        began = time.monotonic()
        eventually(lambda: not processes_marked(self.mark), f"no process is left after: {what}", 6)
        self.longest = max(self.longest, time.monotonic() - began)
        found = evidence.torn(Rows(), channels=len(NATIVE), down=DOWN)
        assert found == [], (what, found)
        assert sums_agree(), what
        self.channels.hook.verified(SECRET)  # in time: a receiver checks the age, too

    def finish(self) -> None:
        """With everything up, let a last worker bring all to rest, and end it politely.

        The last but one is killed at rest, with a server that heeds neither SIGTERM nor the end of its stdin.
        """
        self._servers.call(_restarted(self._web))
        for name in ("web", "legacy", "parent", "plain"):
            self._ask("start", name)
        self.add("stubborn", light_entry(self.mark, "stubborn"))
        for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
            self.nursery.start(ALIVE)
            self._await_rest(60)
            self.nursery.signal(number)
            assert self.nursery.ended(20) == status, self._log_end()
            self.check(f"the end by {number.name}")

    def _await_rest(self, seconds: float) -> None:
        """Until all that shall run is healthy, all is answered and delivered; fails with what is not."""
        try:
            eventually(lambda: not self._unrest(), "rest", seconds, 0.1)
        except AssertionError:
            raise AssertionError(
                f"not at rest in {seconds:g} s: {self._unrest()}\n{self._log_end()}"
            ) from None

    def _unrest(self) -> dict[str, list[tuple[Any, ...]]]:
        wanted = Service.objects.filter(removed_at=None, desired="running")
        mine = ServiceState.objects.filter(worker__endswith=f"-{self.nursery.pid}", state="HEALTHY")
        found = {
            "not healthy": wanted.exclude(pk__in=mine.values("service")).values_list(
                "name", "state_row__state"
            ),
            "open commands": Command.objects.filter(state__in=["queued", "taken"]).values_list(
                "kind", "state"
            ),
            "not delivered": Delivery.objects.exclude(state__in=["delivered", "superseded"]).values_list(
                "channel__kind", "state", "attempts", "next_attempt_at", "answer"
            ),
        }
        return {what: list(rows) for what, rows in found.items() if rows}

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


async def _restarted(server: FaultServer) -> None:
    await server.stop()
    await server.start()


def _alert(channels: Channels) -> None:
    now = timezone.now()
    grouping = {"alert_group_wait": 0, "alert_group_interval": 1}
    MonitoringSettings.objects.create(changes=grouping, updated_by="ann", updated_at=now)
    AlertRule.objects.all().delete()
    rule = AlertRule.objects.create(
        name="down",
        condition="state-entered",
        states=sorted(DOWN),
        cooldown_seconds=0,
        for_seconds=0,
        scope={"kind": "all"},
        created_at=now,
    )
    channels.add_to(rule)
