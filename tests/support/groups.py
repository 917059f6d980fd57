"""The groups of `make test`: which files are of which, so that a run imports no more than its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tools import ROOT

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start whole programs or measure time come last, a few files at a time: they mostly wait."""
    for item in items:
        if is_alone(item.path):
            item.add_marker("alone")
        elif item.path.name.startswith(PAGES):
            item.add_marker(BOTH)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Half of the time that a run takes to begin is the import of tests that it then leaves out."""
    if collection_path.suffix != ".py":
        return None
    return True if is_of_another(collection_path, config.option.markexpr) else None


def is_alone(path: Path) -> bool:
    return str(path).startswith(ALONE)


def is_of_another(path: Path, wanted: str) -> bool:
    """Whether *path* has no test of the group; of any other choice of marks nothing is known."""
    match wanted:
        case "alone":
            return not is_alone(path) and "mark.alone" not in path.read_text(encoding="utf-8")
        case "not alone":
            return is_alone(path)
        case "both_databases":
            return not path.name.startswith(PAGES) and BOTH not in path.read_text(encoding="utf-8")
    return False
