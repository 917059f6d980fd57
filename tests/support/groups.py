"""The groups of `make test`: which files are of which, so that a run imports no more than its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.tools import ROOT

# Tests that start whole programs or measure time; they come last, a few files at a time: they mostly wait.
ALONE = tuple(
    str(ROOT / "tests" / place)
    for place in (
        "browser",
        "guarantees",
        "lifecycle/engine/recording/test_writer",
        "lifecycle/engine/worker/test_worker",
        "mcpstore_site/facade/test_examples",
        "mcpstore_site/serving/test_up",
        "mcpstore_site/test_benchmark",
        "mcpstore_site/test_console",
        "mcpstore_site/test_database_away",
        "mcpstore_site/test_end_to_end",
        "mcpstore_site/test_sqlite_turns",
        "scaling",
        "servers",
    )
)
BOTH = "both_databases"
PAGES = ("test_api", "test_pages")
"""Files of such names are pages and REST: all of it runs on both databases."""
ONE_WILL_DO = (
    "test_pages_all_routes_declared",
    "test_pages_guards",
    "test_pages_help",
    "test_pages_links_allowed",
    "test_pages_scope_canary",
)
"""Of them these ask who may what, for minutes, which no database changes; all addresses are asked on both."""
LONGEST = {
    str(ROOT / "tests" / f"{place}.py"): rank
    for rank, place in enumerate(
        (
            "mcpstore_site/test_benchmark",
            "guarantees/test_kill_steps",
            "lifecycle/engine/worker/test_worker_process",
            "browser/test_accessible",
            "browser/test_secret_bundle",
            "mcpstore_site/serving/test_up",
            "mcpstore_site/test_console",
            "browser/test_main_job",
            "browser/test_alerts",
            "scaling/test_workers",
            "guarantees/test_kill_sums",
            "guarantees/test_zoo",
            "mcpstore_site/test_end_to_end",
            "guarantees/test_noticing",
            "guarantees/test_canary",
            "guarantees/test_kill_worker",
            "guarantees/test_silent_worker",
            "browser/test_layout",
            "browser/test_steady",
            "browser/test_chinese",
            "browser/test_firefox",
            "scaling/test_web_processes",
            "mcpstore_site/facade/test_examples",
            "house/test_wheel",
            "lifecycle/engine/service/test_redeployed",
            "house/test_support",
            "house/test_bootstrap",
            "lifecycle/monitoring/telemetry/test_otlp",
            "mcpstore_site/serving/test_serving",
            "mcpstore_site/serving/test_streaming",
        )
    )
}
"""Files that take their time with few tests: begun last, one of them would be all that still runs.

Those that wait for a moment to come are not the first, beside the benchmark.
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Marks before anybody chooses by them; an order of files once pytest-django has put its own."""
    for item in items:
        if is_alone(item.path):
            item.add_marker("alone")
        elif is_of_pages(item.path):
            item.add_marker(BOTH)
    yield
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (LONGEST.get(str(item.path), len(LONGEST)), -tests[item.path]))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Half of the time that a run takes to begin is the import of tests that it then leaves out."""
    if collection_path.suffix != ".py":
        return None
    return True if is_of_another(collection_path, config.option.markexpr) else None


def is_alone(path: Path) -> bool:
    return str(path).startswith(ALONE)


def is_of_pages(path: Path) -> bool:
    return path.name.startswith(PAGES) and path.stem not in ONE_WILL_DO


def is_of_another(path: Path, wanted: str) -> bool:
    """Whether *path* has no test of the group; of any other choice of marks nothing is known."""
    match wanted:
        case "alone":
            return not is_alone(path) and "mark.alone" not in path.read_text(encoding="utf-8")
        case "not alone":
            return is_alone(path)
        case "both_databases":
            return not is_of_pages(path) and BOTH not in path.read_text(encoding="utf-8")
    return False
