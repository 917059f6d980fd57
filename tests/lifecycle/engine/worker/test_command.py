"""`manage.py runlifecycle`: what it sets up before the worker touches the database."""

from __future__ import annotations

from functools import partial

import pytest
from django.core.management.base import CommandError

from lifecycle.engine.leases.single_worker import AnotherWorkerError
from lifecycle.management.commands import runlifecycle


def test_no_transaction_of_the_worker_may_freeze_with_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def first_look() -> None:
        done.append("database")
        raise AnotherWorkerError("another worker runs")

    for name in ("_collect_less", "let_no_freeze_hold_locks"):
        monkeypatch.setattr(runlifecycle, name, partial(done.append, name))
    monkeypatch.setattr("lifecycle.engine.host.log_format.configure", lambda: None)
    monkeypatch.setattr("registry.access.audit.origin.of_process", lambda door: None)
    monkeypatch.setattr("registry.installation.schema.refuse_newer", first_look)
    with pytest.raises(CommandError, match="another worker runs"):
        runlifecycle.Command().handle()
    assert done.index("let_no_freeze_hold_locks") < done.index("database")
