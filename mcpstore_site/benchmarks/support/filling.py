"""Fills the scratch database, from inside: `python -m mcpstore_site.benchmarks.support.filling WHAT …`.

`empty` makes the tables and prints a token and a session's cookie; `browsers COUNT` prints the cookies of
more sessions; `register FILE` registers what the file holds; `states` says that all services are healthy
and a worker is there; `rules COUNT` adds alert rules up to that number; `agent NAME` makes one with half of
them, and tools; `history CHECKS CHANGES` gives each of them a past, its days counted. Between several steps
stands a `+`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from django.db.models import Model

LARGEST = 64 * 1024 * 1024
Row = tuple[int | str | datetime, ...]
AT_ONCE = 20_000
HISTORY = timedelta(days=90)


def empty(now: datetime) -> str:
    """Tables, `admin`, default rules; an API token and a session cookie of `admin`."""
    from django.conf import settings
    from django.contrib.auth.models import User

    from mcpstore_site.serving.preparation import ADMIN, prepare
    from registry.access import tokens
    from registry.models import Role

    prepare(now, demo=False)
    admin = User.objects.get(username=ADMIN)
    return f"{tokens.issue(admin, Role.ADMIN, now)} {settings.SESSION_COOKIE_NAME}={_session(admin)}"


def browsers(now: datetime, count: int) -> str:
    """So many more sessions of `admin`; their cookies."""
    from django.conf import settings
    from django.contrib.auth.models import User

    from mcpstore_site.serving.preparation import ADMIN

    admin = User.objects.get(username=ADMIN)
    sessions = [_session(admin) for _ in range(count)]
    return " ".join(f"{settings.SESSION_COOKIE_NAME}={key}" for key in sessions)


def _session(user: Any) -> str:
    """A new one, signed in; its key."""
    from django.conf import settings

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[-1]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def register(now: datetime, path: Path) -> str:
    """Register a document as a person would, of any size."""
    from registry.mcpjson import export as mcpjson_export
    from registry.models import Role
    from registry.services import register as service_register

    results = service_register.register(
        path.read_bytes(), by="admin", role=Role.ADMIN, now=now, limit=LARGEST
    )
    mcpjson_export.wait_idle(60)
    return str(sum(result.outcome == "created" for result in results))


def states(now: datetime) -> str:
    """Every service is healthy, with five tools counted and a check a moment ago; a worker was seen."""
    from lifecycle.engine.maintenance import retention
    from lifecycle.models import ServiceState
    from registry.models import Service

    retention.started("benchmark", "localhost", 1, now)
    long_ago = now - HISTORY
    rows = [
        ServiceState(
            service_id=key,
            state="HEALTHY",
            state_entered_at=long_ago,
            healthy_since=long_ago,
            last_ping_at=now,
            last_success_at=now,
            response_ms=3.0,
            last_level="healthy",
            tools_count=5,
            tools_refreshed_at=long_ago,
            revision_applied=1,
        )
        for key in Service.objects.values_list("pk", flat=True)
    ]
    ServiceState.objects.bulk_create(rows, batch_size=500)
    return str(len(rows))


def rules(now: datetime, count: int) -> str:
    """Alert rules until there are so many, beside those of a new console; how many there are."""
    from lifecycle.models import AlertRule

    have = AlertRule.objects.count()
    AlertRule.objects.bulk_create(rule_of(number, now) for number in range(have, count))
    return str(AlertRule.objects.count())


def rule_of(number: int, now: datetime) -> Any:
    """An alert rule: of each kind some, and of thresholds several."""
    from lifecycle.core.alerting.measured import Metric
    from lifecycle.models import AlertRule

    kinds = ("state-entered", "not-serving-for", "metric", "metric", "metric", "flapping", "unusually-slow")
    condition, metrics = kinds[number % len(kinds)], list(Metric)
    metric = metrics[number % len(metrics)]
    threshold = {"response_time": 3.0, "availability": 0.5, "consecutive_failures": 3.0}.get(metric, 0.1)
    return AlertRule(
        name=f"rule-{number}",
        condition=condition,
        states=["RECONNECTING"],
        metric=metric,
        threshold=threshold + number / 1000 * (metric != Metric.AVAILABILITY),
        scope={"kind": "all"} if number % 3 else {"kind": "tags", "values": [f"tag-{number % 20}"]},
        created_at=now,
    )


def agent(now: datetime, name: str) -> str:
    """An agent with every other service, whose number this is, and tools for the search to look through."""
    from registry.agents import operations as agent_operations
    from registry.models import Service, Tool

    services = list(Service.objects.order_by("pk").values_list("pk", "name"))
    tools = (
        Tool(service_id=key, position=position, name=f"tool-{position}-{key % 100}")
        for key, _ in services
        for position in range(5)
    )
    while part := list(islice(tools, AT_ONCE)):
        Tool.objects.bulk_create(part, batch_size=500)
    half = [one for _, one in services[::2]]
    agent_operations.add(name, half, by="admin", now=now)
    return str(len(half))


def history(now: datetime, checks: int, changes: int) -> str:
    """*checks* in the last 48 hours and *changes* over 90 days, for each service; how many rows that made."""
    from django.db import transaction

    from lifecycle.models import CheckResult, StateChange
    from registry.models import Service

    keys = list(Service.objects.values_list("pk", flat=True))
    newest = int(now.timestamp() * 1000)
    raw = (
        (key, newest - 30_000 * back - key % 30_000, 0, 3) for back in range(checks, 0, -1) for key in keys
    )
    past = (
        (key, "HEALTHY", "WARNING", "slow", "slow", now - HISTORY * back / (changes + 1))
        for back in range(changes, 0, -1)
        for key in keys
    )
    with transaction.atomic():
        insert(CheckResult, ("service_id", "at", "level", "ms"), raw)
        insert(StateChange, ("service_id", "before", "after", "event", "reason", "at"), past)
    _count_days(now)
    return str(len(keys) * (checks + changes))


def _count_days(now: datetime) -> None:
    """As the worker has done by now, and a line of responses for each service of the list."""
    from lifecycle.models import ListFigures
    from lifecycle.monitoring.uptime import days

    while days.step(now.timestamp()):
        pass
    ListFigures.objects.update(response=" ".join(str(20 + 7 * hour % 50) for hour in range(24)))


def insert(model: type[Model], named: tuple[str, ...], rows: Iterator[Row]) -> None:
    """Many rows at the speed of SQL; columns that are not named take the model's defaults."""
    from django.db import connection

    others = [
        field
        for field in model._meta.local_concrete_fields
        if field.column not in named and field.has_default()
    ]
    rest = tuple(field.get_default() for field in others)
    columns = [*named, *(str(field.column) for field in others)]
    sql = (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # noqa: S608
        f" VALUES ({', '.join(['%s'] * len(columns))})"
    )
    with connection.cursor() as cursor:
        while part := [(*row, *rest) for row in islice(rows, AT_ONCE)]:
            cursor.executemany(sql, part)


def main(arguments: list[str]) -> str:
    from django.utils import timezone

    match arguments:
        case ["empty"]:
            return empty(timezone.now())
        case ["browsers", count]:
            return browsers(timezone.now(), int(count))
        case ["register", path]:
            return register(timezone.now(), Path(path))
        case ["rules", count]:
            return rules(timezone.now(), int(count))
        case ["states"]:
            return states(timezone.now())
        case ["agent", name]:
            return agent(timezone.now(), name)
        case ["history", checks, changes]:
            return history(timezone.now(), int(checks), int(changes))
    raise SystemExit(__doc__)


def steps(arguments: list[str]) -> Iterator[list[str]]:
    """The arguments of each step."""
    while "+" in arguments:
        at = arguments.index("+")
        yield arguments[:at]
        arguments = arguments[at + 1 :]
    yield arguments


if __name__ == "__main__":
    django.setup()
    for step in steps(sys.argv[1:]):
        sys.stdout.write(main(step) + "\n")
