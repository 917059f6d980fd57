"""Somebody who looks at pages while something else is measured."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import cycle
from types import TracebackType
from typing import Self

from mcpstore_site.benchmarks.support.http import browser

PAUSE = 0.2


class Reader:
    """`with Reader(port, cookie, paths) as reader`: asks them in turn; `ms` has how long each answer took.

    The first of each is not counted. What a page fails with comes out at the end of the block.
    """

    def __init__(self, port: int, cookie: str, paths: Sequence[str]) -> None:
        self._port, self._cookie, self._paths = port, cookie, paths
        self.ms: list[float] = []
        self._stop = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._read)

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

    def _read(self) -> None:
        try:
            with browser(self._port, self._cookie) as caller:
                for path in self._paths:
                    caller.get(path)
                for path in cycle(self._paths):
                    self.ms.append(caller.get(path).ms)
                    if self._stop.wait(PAUSE):
                        return
        except Exception as exc:  # told at the end of the block
            self._failed = exc
