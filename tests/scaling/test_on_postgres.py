"""Runs `on_postgres` and `on_postgres_feed` in a process of their own, since settings name one database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import ROOT

FILES = [Path(__file__).with_name(f"{name}.py") for name in ("on_postgres", "on_postgres_feed")]
pytestmark = pytest.mark.timeout(300)
NAMES = [name for file in FILES for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)]


@pytest.fixture(scope="module")
def outcome(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest said of each test."""
    home = tmp_path_factory.mktemp("on-postgres")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-o", "addopts=", *map(str, FILES)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgres_server, "MCPSTORE_TEST_DATA_DIR": str(home)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_on_postgresql(outcome: str, name: str) -> None:
    assert re.search(rf"::{name} PASSED", outcome), outcome[-6000:]
