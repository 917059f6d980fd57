"""Bounded buffers for what a server writes: its lines, and the end of its stderr."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

LINE_LIMIT = 16 * 1024 * 1024
RING_SIZE = 64 * 1024


class LineSplitter:
    """Cuts chunks into lines; a line past *limit* is dropped whole and handed out as None."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._dropping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            yield from self._finish(piece)
        if rest:
            yield from self._keep(rest)

    def _finish(self, piece: bytes) -> Iterator[bytes | None]:
        yield from self._keep(piece)
        if not self._dropping:
            yield b"".join(self._parts)
        self._parts, self._size, self._dropping = [], 0, False

    def _keep(self, piece: bytes) -> Iterator[None]:
        if self._dropping:
            return
        self._parts.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            self._parts, self._dropping = [], True
            yield None


class Ring:
    """The last bytes that were written."""

    def __init__(self, size: int = RING_SIZE) -> None:
        self._size = size
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self.written = 0

    def write(self, chunk: bytes) -> None:
        self.written += len(chunk)
        chunk = chunk[-self._size :]
        self._chunks.append(chunk)
        self._held += len(chunk)
        while self._held - len(self._chunks[0]) >= self._size:
            self._held -= len(self._chunks.popleft())

    def since(self, mark: int) -> bytes:
        """What was written after the first *mark* bytes, as far as it is still held."""
        wanted = min(self.written - mark, self._size)
        return b"".join(self._chunks)[-wanted:] if wanted > 0 else b""

    def text(self) -> str:
        return b"".join(self._chunks)[-self._size :].decode("utf-8", "replace")
