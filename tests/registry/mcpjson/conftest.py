"""An exported mcp.json."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.mcpjson import image
from tests.support.drifting import FILES, WEATHER
from tests.support.registering import NOW, Register


@pytest.fixture
def file(register: Register, data_dir: Path) -> Path:
    """An exported file with two services."""
    register({"weather": WEATHER, "files": FILES})
    image.export_pending(author="ann", now=NOW)
    return data_dir / "mcp.json"
