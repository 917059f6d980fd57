"""What is done again and again, in a thread, while something else is measured."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import cycle
from types import TracebackType
from typing import Self

from mcpstore_site.benchmarks.support.http import browser

PAUSE = 0.2


class Meanwhile(ABC):
    """A block within which `_go_on` runs; what that fails with comes out at the end of the block."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failed is not None and exc is None:
            raise self._failed

    def _run(self) -> None:
        try:
            self._go_on()
        except Exception as exc:  # told at the end of the block
            self._failed = exc

    @abstractmethod
    def _go_on(self) -> None:
        """Until `_stop` is set."""


class Reader(Meanwhile):
    """Asks these pages in turn, as somebody signed in; `ms` has how long answers took, but for the first."""

    def __init__(self, port: int, cookie: str, paths: Sequence[str]) -> None:
        super().__init__()
        self._port, self._cookie, self._paths = port, cookie, paths
        self.ms: list[float] = []

    def _go_on(self) -> None:
        with browser(self._port, self._cookie) as caller:
            for path in self._paths:
                caller.get(path)
            for path in cycle(self._paths):
                self.ms.append(caller.get(path).ms)
                if self._stop.wait(PAUSE):
                    return
