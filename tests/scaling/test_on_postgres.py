"""Runs `on_postgres` on a real PostgreSQL, in a process of its own, since settings name one database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import ROOT

FILE = Path(__file__).with_name("on_postgres.py")
pytestmark = pytest.mark.timeout(300)
NAMES = re.findall(r"^def (test_\w+)", FILE.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest said of each test."""
    home = tmp_path_factory.mktemp("on-postgres")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-o", "addopts=", str(FILE)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgres_server, "MCPSTORE_TEST_DATA_DIR": str(home)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_on_postgresql(outcome: str, name: str) -> None:
    assert re.search(rf"::{name} PASSED", outcome), outcome[-6000:]
