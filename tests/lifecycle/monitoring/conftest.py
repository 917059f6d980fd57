"""The options of monitoring, as a worker follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from lifecycle.core.monitoring.options import DEFAULTS
from lifecycle.monitoring.settings import in_force


@pytest.fixture
def options() -> Iterator[Callable[..., None]]:
    """Lets these count, and all others as they are by default."""

    def take(**changes: Any) -> None:
        in_force.take(replace(DEFAULTS, **changes))

    yield take
    in_force.take(DEFAULTS)
