"""Who writes which rows, and what the web process leaves to the worker: read from the text of the modules.

What is found is a call on a model's own name, `Service.objects.filter(…).update(…)`, or on a variable made
from it; the model given to `store`, `storing` or `drop`; and SQL that names the table. A `save()` of an
object that came from elsewhere is not.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps

from scripts import graph

CALLS = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"}
RECORDING, KEEPING = "lifecycle.engine.recording", "lifecycle.engine.maintenance"
LEASES = "lifecycle.engine.leases"
ROLLUPS = "lifecycle.monitoring.rollups"
BENCHMARKS = "mcpstore_site.benchmarks"  # fills a database of its own
HELPERS = {"store", "storing", "drop"}
STATEMENT = r"\b(?:INSERT INTO|UPDATE|DELETE FROM) "
OURS = ("registry", "lifecycle", "mcpstore_site")
WRITERS: dict[str, set[str]] = {
    # Beside registry.services: restore; "depends on" of an entry; a rollback's order; what a new key signs.
    "Service": {
        "registry.services",
        "registry.removed",
        "registry.dependencies",
        "registry.mcpjson",
        "registry.secrets",
        BENCHMARKS,
    },
    # The revision: whoever changes what should run; what was exported; what the keys are known by; the clock.
    "RegistryHead": {
        "registry.services",
        "registry.removed",
        "registry.dependencies",
        "registry.mcpjson",
        "registry.secrets",
        KEEPING,
    },
    "ConfigVersion": {"registry.mcpjson", "registry.secrets"},
    "Secret": {"registry.services", "registry.secrets"},
    "KeptSecret": {"registry.secrets"},
    "Dependency": {"registry.dependencies", "registry.removed"},
    "Agent": {"registry.agents"},
    "AgentService": {"registry.agents"},
    "Contract": {"registry.contracts"},
    "ContractChange": {"registry.contracts"},
    "Tool": {"registry.contracts", BENCHMARKS},
    "ContentItem": {"registry.contracts"},
    "WaitingTool": {"registry.contracts"},
    "User": {"registry.access"},
    "Authenticator": {"registry.access", "registry.secrets"},
    "ApiToken": {"registry.access"},
    "AuditEntry": {"registry.access"},
    "AuditHead": {"registry.access"},
    "AuditMember": {"registry.access"},
    "SignInAttempt": {"registry.access"},
    "PasswordLink": {"registry.access"},
    "Membership": {"registry.access"},
    "ServiceState": {RECORDING, BENCHMARKS},
    "StateChange": {RECORDING, "lifecycle.monitoring.uptime"},  # which deletes old ones
    "CheckResult": {RECORDING, BENCHMARKS},  # `monitoring.rollups` deletes old ones
    "FleetRollup": {ROLLUPS, BENCHMARKS},
    "RollupMark": {ROLLUPS},
    "LogPiece": {KEEPING},
    "ChildProcess": {KEEPING},
    "WorkerSeen": {KEEPING, LEASES, BENCHMARKS},
    "Lease": {LEASES},
    "MassFailure": {"lifecycle.engine.worker"},
    # operations alone asks; a worker notes that it has taken a command, and its answer.
    "Command": {"lifecycle.operations", "lifecycle.engine.worker", "lifecycle.engine.context"},
    "Batch": {"lifecycle.operations"},
    "CatalogPage": {"registry.imports"},
    "UpstreamStatus": {"registry.imports"},
    "Trial": {"lifecycle.operations", "lifecycle.engine.trials"},
    "AlertRule": {"lifecycle.alerts", BENCHMARKS},
    "Channel": {"lifecycle.alerts", BENCHMARKS},
    "Episode": {"lifecycle.alerts"},
    "EpisodeNote": {"lifecycle.alerts"},
    "Silence": {"lifecycle.alerts"},
    "MaintenanceWindow": {"lifecycle.alerts"},
    "MaintenancePeriod": {"lifecycle.alerts"},
    "Delivery": {"lifecycle.alerts"},
    "DeliveryAttempt": {"lifecycle.alerts"},
    "PolicyHead": {"lifecycle.policies"},
    "PolicyProfile": {"lifecycle.policies"},
    "ServicePolicy": {"lifecycle.policies"},
    "MonitoringSettings": {"lifecycle.monitoring.settings", BENCHMARKS},
    "FeedItem": {"lifecycle.live"},
    "SavedView": {"lifecycle.services.listing.saved"},
    "Slo": {"lifecycle.monitoring.uptime.slo"},
    "SloState": {"lifecycle.monitoring.uptime.slo"},
    "ErrorRate": {"lifecycle.monitoring.listed"},
    "Slowness": {"lifecycle.monitoring.uptime.slo"},
    "SlownessProfile": {"lifecycle.monitoring.uptime.slo"},
    "MonitoringGap": {"lifecycle.monitoring.uptime"},
    "StatusPage": {"lifecycle.monitoring.uptime.statuspages"},
    "StatusPageService": {"lifecycle.monitoring.uptime.statuspages"},
    "StatusPageNote": {"lifecycle.monitoring.uptime.statuspages"},
    "UptimeDay": {"lifecycle.monitoring.uptime"},
    "HostSample": {"lifecycle.monitoring.hosts"},
    "ListFigures": {"lifecycle.monitoring.uptime", "lifecycle.monitoring.listed", BENCHMARKS},
    "ServiceHours": {"lifecycle.monitoring.uptime"},
    "ServiceSignIn": {"lifecycle.signin"},
    "SignInFlow": {"lifecycle.signin"},
    "SignInClient": {"lifecycle.signin"},
}
# Nothing of ours writes them yet, or by `save()` alone.
UNSEEN = {
    *("Rollup5m", "Rollup1h", "Rollup1d"),  # `monitoring.rollups`, which chooses the table by the span
    "ToolCall",  # `monitoring.calls.record`
    *(
        "HostRollup",
        "ProcessRollup",
        "ToolRollup",
        "ServiceCallRollup",
        "FleetCallRollup",
    ),  # `monitoring.usage.folding`, which is given the table
    "UptimeMark",
}
TABLES = {model._meta.db_table: model.__name__ for model in apps.get_models()}
WORKER_ONLY = (
    "lifecycle.engine.service",
    "lifecycle.engine.session",
    "lifecycle.engine.worker",
    "lifecycle.signin.flow",
)
STARTS_PROGRAMS = {"subprocess", "multiprocessing", "pty"}
FORKS = {
    "fork",
    "forkpty",
    "posix_spawn",
    "system",
    "popen",
    "create_subprocess_exec",
    "create_subprocess_shell",
}


def written(path: Path) -> set[tuple[str, int]]:
    """The model and the line of each call, or statement of SQL, that writes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = set(writes(tree, {}))
    for function in functions:
        found |= set(writes(function, variables(function)))
    return {(model, line) for model, line in found if model in WRITERS or model in UNSEEN}


def variables(function: ast.AST) -> dict[str, str]:
    """By each variable the name that its value begins with."""
    return {
        target.id: first_name(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def writes(scope: ast.AST, made_from: dict[str, str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(scope):
        for name in named(node):
            yield made_from.get(name, name), getattr(node, "lineno", 0)


def named(node: ast.AST) -> list[str]:
    """The models, or variables, that this writes."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in CALLS:
            return [first_name(value)]
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=model), *_]) if name in HELPERS:
            return [model]
        case ast.Call(args=[ast.Name(id=name), ast.Name(id=model), *_]) if name in HELPERS:
            return [model]  # partial(drop, Model, …)
        case ast.Constant(value=str(text)):
            return [TABLES.get(table, "") for table in re.findall(STATEMENT + r"(\w+)", text)]
        case ast.JoinedStr(values=values):
            return [
                first_name(after.value)
                for before, after in pairwise(values)
                if isinstance(before, ast.Constant)
                and isinstance(after, ast.FormattedValue)
                and re.search(STATEMENT + "$", str(before.value))
            ]
    return []


def first_name(node: ast.expr) -> str:
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return ""
    return node.id


def room_of(module: str, rooms: set[str]) -> str | None:
    return next((room for room in rooms if f"{module}.".startswith(f"{room}.")), None)


@pytest.fixture(scope="module")
def found() -> dict[str, list[tuple[str, str]]]:
    """For each model the modules that write it, and where."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for module, path in graph.modules().items():
        if ".migrations." not in module:
            for model, line in sorted(written(path)):
                places[model].append((module, f"{path.relative_to(graph.ROOT)}:{line}"))
    return places


def test_rows_are_written_in_their_rooms_alone(found: dict[str, list[tuple[str, str]]]) -> None:
    strangers = [
        f"{place} writes {model}, which is for {', '.join(sorted(rooms))}"
        for model, rooms in WRITERS.items()
        for module, place in found[model]
        if room_of(module, rooms) is None
    ]
    assert not strangers, "\n".join(strangers)


def test_nobody_is_named_who_does_not_write(found: dict[str, list[tuple[str, str]]]) -> None:
    for model, rooms in WRITERS.items():
        assert {room_of(module, rooms) for module, _ in found[model]} >= rooms, model


def test_every_model_has_its_writers_named(found: dict[str, list[tuple[str, str]]]) -> None:
    models = {model.__name__ for model in apps.get_models() if model._meta.app_label in OURS}
    assert len(models) > 30
    unnamed = models - WRITERS.keys() - UNSEEN
    assert not unnamed, f"name in WRITERS who writes {', '.join(sorted(unnamed))}"
    written_now = {model: found[model] for model in UNSEEN if found[model]}
    assert not written_now, f"who writes them is seen now: move them to WRITERS: {written_now}"


def test_every_command_comes_from_operations() -> None:
    """A worker takes and answers them; it makes none."""
    makers = [
        module
        for module, path in graph.modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"create", "bulk_create"}
        and first_name(node.func.value) == "Command"
    ]
    assert makers and all(room_of(module, {"lifecycle.operations"}) for module in makers), makers


@pytest.fixture(scope="module")
def web() -> set[str]:
    """All modules that pages, REST and live connections reach."""
    of = graph.graph(graph.arrows())
    return graph.reached("mcpstore_site.urls", of) | graph.reached("mcpstore_site.asgi", of)


def test_the_web_process_reaches_no_part_that_connects(web: set[str]) -> None:
    assert {"lifecycle.live.socket.consumers", "mcpstore_site.api"} <= web
    assert not [module for module in web if room_of(module, set(WORKER_ONLY))]


def test_the_web_process_starts_no_program(web: set[str]) -> None:
    files = graph.modules()
    starts = [
        f"{files[module].relative_to(graph.ROOT)}:{line} names {name}"
        for module in sorted(web)
        for name, line in programs(files[module])
    ]
    assert not starts, "the worker starts programs, the web process none:\n" + "\n".join(starts)


def programs(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found = {alias.name.split(".")[0] for alias in names} & STARTS_PROGRAMS
            case ast.ImportFrom(module=str(module)):
                found = {module.split(".")[0]} & STARTS_PROGRAMS
            case ast.Attribute(attr=name):
                found = {name} & FORKS
            case _:
                continue
        yield from ((name, getattr(node, "lineno", 0)) for name in found)
