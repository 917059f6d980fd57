from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.holding import Holder


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    """Opens connections and closes them all at the end."""
    holder = Holder(tmp_path)
    yield holder
    await holder.aclose()
