"""The one thread that does all the worker's database work, in the order in which it was asked for."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import Error, connection, connections, transaction

from lifecycle.engine.line import cut

P = ParamSpec("P")
T = TypeVar("T")
TOGETHER = 20


@dataclass(frozen=True, eq=False)
class _Job:
    work: Callable[[], Any]
    atomic: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]

    def tell(self, result: Any, error: BaseException | None) -> None:
        """Hand the result to the event loop; nobody may be waiting for it any more."""
        self.loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(error)


class Writer:
    """Jobs that wait together are committed together, each in a savepoint: one fsync for up to 20 of them."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ahead: list[_Job | None] = []
        self._waiting: deque[float] = deque()
        self._wrapper: Any = None
        self._began: float | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *work* in a transaction; returns when it is durable."""
        return await self._put(lambda: work(*args, **kwargs), atomic=True)

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *work* outside a transaction: it reads, or opens its own."""
        return await self._put(lambda: work(*args, **kwargs), atomic=False)

    def lag(self) -> float:
        """How long the oldest unfinished job has been waiting, in seconds."""
        return time.monotonic() - self._waiting[0] if self._waiting else 0.0

    def stuck(self) -> float:
        """For how many seconds the job that is being done has been going on; a long queue does not count."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def cut(self) -> None:
        """Break the connection, so that a job that waits for a dead network fails; the next opens another."""
        cut(self._wrapper)

    def close(self) -> None:
        """Finish what was asked for and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    async def _put(self, work: Callable[[], T], *, atomic: bool) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(time.monotonic())
        self._jobs.put(_Job(work, atomic, loop, answer))
        return await answer

    def _run(self) -> None:
        self._wrapper = connections["default"]
        while batch := self._batch():
            self._begin()
            if batch[0].atomic:
                _commit_together(batch, self._begin)
            else:
                batch[0].tell(*_attempt(batch[0].work))
            self._began = None
            for _ in batch:
                self._waiting.popleft()
        connections.close_all()

    def _begin(self) -> None:
        self._began = time.monotonic()

    def _batch(self) -> list[_Job]:
        """The next job, and the transactional ones right behind a transactional one; nothing at the end."""
        first = self._ahead.pop() if self._ahead else self._jobs.get()
        batch = [first] if first else []
        while first and first.atomic and len(batch) < TOGETHER and not self._jobs.empty():
            job = self._jobs.get()
            if job is None or not job.atomic:
                self._ahead.append(job)
                break
            batch.append(job)
        return batch


def _attempt(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Every error goes to whoever asked; this thread must outlive them all."""
    try:
        return work(), None
    except BaseException as exc:
        if isinstance(exc, Error):
            connection.close_if_unusable_or_obsolete()
        return None, exc


def _in_savepoint(work: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return work()


def _commit_together(batch: list[_Job], begin: Callable[[], None]) -> None:
    """One commit for all; if that fails nothing of it happened, and everybody hears so."""
    answers: list[tuple[Any, BaseException | None]] = []

    def all_of_them() -> None:
        for job in batch:
            begin()
            answers.append(_attempt(partial(_in_savepoint, job.work)))

    _, broken = _attempt(partial(_in_savepoint, all_of_them))
    if broken is not None:
        answers = [(None, broken)] * len(batch)
    for job, (result, error) in zip(batch, answers, strict=True):
        job.tell(result, error)
