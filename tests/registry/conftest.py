"""Each test of the registry has a data directory of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_data_directory(data_dir: Path) -> None:
    """For those that do not ask for it, too."""
