"""The writing half of a worker, without sessions: `python -m … .alerts.raging setup|run|judge …`.

`setup PORT CHANNELS RULES HOLD` makes channels that post to this machine, and rules that wait HOLD seconds.
`run SECONDS [alone]` lets all services fail at once, `alone` with a message and a transaction for each
alert; it waits for a line of standard input before it begins, prints `all` once all states and open alerts
are committed and `fired` once all that is due was queued or the time is over, with the seconds it took and
those of CPU, and delivers meanwhile.
`judge RULES SECONDS` prints the CPU milliseconds that rules cost in that many seconds of a quiet console.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import django

WHY = "no answer within 10 s"
LASTING = 4
"""So many times the usual hold a service must not serve for the rules that say so."""
ALONE_AT_ONCE = 1
QUICKLY = 2
BUCKET = 300


def setup(port: int, channels: int, rules: int, hold: int) -> None:
    """All rules that a new console has go to every channel, and those of tags to one each."""
    from django.utils import timezone

    from lifecycle.alerts.channels.config import Config, new_secret, seal
    from lifecycle.models import AlertRule, Channel

    now = timezone.now()
    made = [
        Channel.objects.create(
            name=f"channel-{number}",
            kind="webhook",
            sealed=seal(Config(url=f"http://127.0.0.1:{port}/{number}", secret=new_secret())),
            summary="127.0.0.1",
            created_at=now,
        )
        for number in range(channels)
    ]
    AlertRule.objects.filter(condition="state-entered").update(for_seconds=hold)
    for rule in AlertRule.objects.all():
        rule.channels.set(made)
    for number in range(AlertRule.objects.count(), rules):
        lasting = number % 2 == 0
        rule = AlertRule.objects.create(
            name=f"rule-{number}",
            level="ERROR",
            condition="not-serving-for" if lasting else "state-entered",
            states=["RECONNECTING", "UNREACHABLE"],
            seconds=LASTING * hold,
            for_seconds=hold,
            scope={"kind": "tags", "values": [f"tag-{number}"]},
            created_at=now,
        )
        rule.channels.set(made[number % channels : number % channels + 1])


async def run(seconds: float, alone: bool) -> None:
    from django.utils import timezone

    from lifecycle.alerts.episodes import evaluate, levels
    from lifecycle.alerts.outbox.delivery import Deliverer
    from lifecycle.core.alerting.grouping import Pacing
    from lifecycle.engine.host import log_format
    from lifecycle.engine.recording.record import Recorder
    from lifecycle.engine.recording.writer import Writer

    log_format.configure()
    if alone:
        levels.review.__defaults__ = (ALONE_AT_ONCE, "")
        await asyncio.to_thread(_no_groups)
    writer = Writer()
    recorder = Recorder(writer, "benchmark", evaluate.on_change)
    held = await writer.do(_held)
    stop = asyncio.Event()
    each_alone = Pacing(wait=timedelta(0), interval=timedelta(0))
    deliverer = Deliverer(pacing=lambda: each_alone) if alone else Deliverer()
    work = [deliverer.run(stop), _tick(writer, stop), _look(writer, stop)]
    side = [asyncio.create_task(one) for one in work]
    await asyncio.to_thread(sys.stdin.readline)
    began = time.monotonic()
    await asyncio.gather(*(_fail(recorder, one, timezone.now()) for one in held))
    _say("all", time.monotonic() - began)
    while await writer.do(_waits) and time.monotonic() - began < seconds:  # noqa: ASYNC110 - rows
        await asyncio.sleep(0.25)
    _say("fired", time.monotonic() - began)
    await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
    stop.set()
    await asyncio.gather(*side)
    writer.close()


def _say(what: str, seconds: float) -> None:
    sys.stdout.write(f"{what} {seconds:.3f} {time.process_time():.3f}\n")
    sys.stdout.flush()


def _no_groups() -> None:
    from django.utils import timezone

    from lifecycle.models import MonitoringSettings

    changes = {"alert_group_wait": 0, "alert_group_interval": 0}
    values = {"changes": changes, "updated_at": timezone.now()}
    MonitoringSettings.objects.update_or_create(pk=1, defaults=values)


def _held() -> list[Any]:
    from lifecycle.engine.recording import snapshots
    from lifecycle.engine.recording.held import Held
    from lifecycle.models import ServiceState

    rows = ServiceState.objects.select_related("service").order_by("pk")
    return [Held(row.pk, row.service.name, snapshots.read(row), row.version) for row in rows]


def _waits() -> int:
    """How many alerts of states have not fired yet; those that wait for longer are not waited for."""
    from lifecycle.models import Episode

    return Episode.objects.filter(state="pending", rule__condition="state-entered").count()


async def _fail(recorder: Any, one: Any, now: Any) -> None:
    from lifecycle.core.health.verdict import Fault, Kind
    from lifecycle.core.machine.moves import Change
    from lifecycle.core.machine.states import State

    fault = Fault(kind=Kind.TIMEOUT, message=WHY)
    fields = {"state": State.RECONNECTING, "state_entered_at": now, "not_serving_since": now, "fault": fault}
    snap = replace(one.snapshot, **fields, consecutive_failures=3, healthy_since=None)
    change = Change(
        before=one.snapshot.state, after=State.RECONNECTING, event="lost", reason=WHY, fault=fault
    )
    await recorder.change(one, snap, change, now)


async def _tick(writer: Any, stop: asyncio.Event) -> None:
    """As `maintenance.tasks` does."""
    from django.utils import timezone

    from lifecycle.alerts.episodes import evaluate

    while not stop.is_set():
        while await writer.do(evaluate.tick, timezone.now()) and not stop.is_set():
            pass
        await asyncio.sleep(1)


async def _look(writer: Any, stop: asyncio.Event) -> None:
    from django.utils import timezone

    from lifecycle.engine.worker import mass_failure

    while not stop.is_set():
        await writer.do(mass_failure.look, "benchmark", timedelta(seconds=30), timezone.now())
        await asyncio.sleep(QUICKLY)


def judge(rules: int, seconds: int) -> None:
    """All services are well, and are checked every 30 s."""
    from django.utils import timezone

    from lifecycle.alerts.episodes import evaluate
    from lifecycle.models import AlertRule
    from mcpstore_site.benchmarks.support.filling import rule_of

    now = timezone.now()
    AlertRule.objects.all().delete()
    _rolled(now)
    AlertRule.objects.bulk_create(rule_of(number, now) for number in range(rules))
    evaluate.tick(now)
    began = time.process_time()
    for second in range(1, seconds + 1):
        evaluate.tick(now + timedelta(seconds=second))
    sys.stdout.write(f"{1000 * (time.process_time() - began):.3f}\n")


def _rolled(now: Any) -> None:
    """The figures of the last ten minutes, where they are not there yet."""
    from lifecycle.core.monitoring import packing, summary
    from lifecycle.models import Rollup5m
    from mcpstore_site.benchmarks.support.filling import insert
    from registry.models import Service

    data = packing.pack(summary.of([(0, 20 + 7 * n % 50) for n in range(10)]))
    at = int(now.timestamp()) // BUCKET * BUCKET
    if not Rollup5m.objects.exists():
        keys = list(Service.objects.values_list("pk", flat=True))
        rows = ((key, start, data) for key in keys for start in (at - BUCKET, at))
        insert(Rollup5m, ("service_id", "at", "data"), rows)  # type: ignore[arg-type]


def main(arguments: list[str]) -> None:
    match arguments:
        case ["setup", port, channels, rules, hold]:
            setup(int(port), int(channels), int(rules), int(hold))
        case ["run", seconds, *alone]:
            from registry.secrets import vault

            vault.keys()
            asyncio.run(run(float(seconds), bool(alone)))
        case ["judge", rules, seconds]:
            judge(int(rules), int(seconds))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1:])
