"""Reads a long answer while watching who makes it: how much came, and how its memory grew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPConnection

from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Clock

LOOK_EVERY = 0.2
AT_ONCE = 65_536


@dataclass(frozen=True)
class Streamed:
    """`before` and `most` are resident megabytes; `whole` says whether the answer ended within the time."""

    megabytes: float
    seconds: float
    before: float
    early: float
    most: float
    whole: bool


def read(port: int, path: str, token: str, pid: int, limit: float) -> Streamed:
    """The answer at *path* made by process *pid*, for at most *limit* seconds.

    `early` is the most memory in the first fifth of the time: what grows afterwards grows with the answer.
    """
    clock = Clock(pid)
    before, looks, size = clock.megabytes(), list[tuple[float, float]](), 0
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer, started = connection.getresponse(), time.monotonic()
    if answer.status != 200:
        raise BenchmarkError(f"{path}: {answer.status} {answer.read(300)!r}")
    whole, seconds = False, 0.0
    while not whole and seconds < limit:
        part = answer.read1(AT_ONCE)
        whole, size, seconds = not part, size + len(part), time.monotonic() - started
        if whole or not looks or seconds - looks[-1][0] > LOOK_EVERY:
            looks.append((seconds, clock.megabytes()))
    connection.close()
    early = max(memory for at, memory in looks if at <= seconds / 5 or at == looks[0][0])
    most = max(memory for _, memory in looks)
    return Streamed(size / 1e6, seconds, before, early, most, whole)
