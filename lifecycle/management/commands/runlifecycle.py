"""`manage.py runlifecycle`: the worker in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.engine.host import log_format, sqlite_version
from lifecycle.engine.leases.single_worker import AnotherWorkerError, OnlyWorker
from lifecycle.engine.recording.connection import let_no_freeze_hold_locks
from lifecycle.engine.session.connection import Connector
from lifecycle.engine.worker.worker import Alerts, Worker, worker_name
from registry.access.audit import origin
from registry.errors import RegistryError
from registry.installation import schema
from registry.secrets import vault

log = structlog.get_logger("lifecycle.worker")
COLLECT_AFTER = (5_000, 20, 20)


class Command(BaseCommand):
    help = "Run the worker: connect to services, check and repair them, deliver alerts."
    # They would import all pages, which costs a second and 12 MB; `make check` runs them.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        log_format.configure()
        origin.of_process(origin.Door.WORKER)
        if warning := sqlite_version.warning():
            log.warning(warning)
        _collect_less()
        let_no_freeze_hold_locks()
        try:
            schema.refuse_newer()
            vault.keys()
            with OnlyWorker():
                asyncio.run(_work())
        except (AnotherWorkerError, RegistryError) as exc:
            raise CommandError(str(exc)) from None


def _collect_less() -> None:
    """Thousands of held sessions live long: to walk all of them again and again finds nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _work() -> None:
    name = worker_name()
    worker = Worker(
        name=name,
        connector=Connector(run_dir=settings.DATA_DIR / "run", worker=name),
        clock=timezone.now,
        alerts=Alerts(
            on_change=evaluate.on_change,
            tick=evaluate.tick,
            deliver=lambda stop, may: Deliverer(may=may).run(stop),
            on_tools=evaluate.on_tools,
        ),
    )
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, worker.stop)
    await worker.run()
