"""The one thread that does all the worker's database work, in the order in which it was asked for."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import Error, connection, connections, transaction

from lifecycle.engine.recording.connection import cut

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
TOGETHER = 50
Answer = tuple[Any, BaseException | None]


@dataclass(frozen=True, eq=False)
class _Job:
    work: Callable[[], Any]
    atomic: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    each: Callable[[list[Any]], Sequence[Any]] | None = None
    item: Any = None
    reads: bool = False

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
    """Jobs that wait together are committed together, each in a savepoint: one fsync for up to 50 of them.

    Those of `write_each` that wait together are one call, and so a few statements instead of a few each.
    """

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

    async def write_each(self, work: Callable[[list[A]], Sequence[T]], item: A) -> T:
        """As `write`, for one of several: *work* gets the items that wait now, and has an answer for each.

        If it fails it is called once more for each item alone, so that an item that cannot be written harms
        no other. It keeps its place among ordinary jobs, and may overtake another `write_each`.
        """
        return await self._put(lambda: work([item])[0], atomic=True, each=work, item=item)

    async def read_each(self, work: Callable[[list[A]], Sequence[T]], item: A) -> T:
        """As `write_each`, for what only reads: it goes along with writes, and alone it takes no lock."""
        return await self._put(lambda: work([item])[0], atomic=True, each=work, item=item, reads=True)

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

    async def _put(
        self,
        work: Callable[[], T],
        *,
        atomic: bool,
        each: Callable[[list[Any]], Sequence[Any]] | None = None,
        item: Any = None,
        reads: bool = False,
    ) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(time.monotonic())
        self._jobs.put(_Job(work, atomic, loop, answer, each, item, reads))
        return await answer

    def _run(self) -> None:
        self._wrapper = connections["default"]
        if hasattr(connection, "stays"):
            connection.stays = True
        while batch := self._batch():
            self._begin()
            _look_at_file()
            done = _together(batch, self._begin) if batch[0].atomic else [_attempt(batch[0].work)]
            self._began = None
            for _ in batch:  # first: who hears the answer may look at once how long others wait
                self._waiting.popleft()
            for job, answer in zip(batch, done, strict=True):
                job.tell(*answer)
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


def _attempt(work: Callable[[], Any]) -> Answer:
    """Every error goes to whoever asked; this thread must outlive them all."""
    try:
        return work(), None
    except BaseException as exc:
        if isinstance(exc, Error):
            connection.close_if_unusable_or_obsolete()
        return None, exc


def _look_at_file() -> None:
    """An SQLite file that was put away, or in whose place another one is, is not written any more."""
    if hasattr(connection, "stays"):
        connection.close_if_unusable_or_obsolete()


def _in_savepoint(work: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return work()


def _together(batch: list[_Job], begin: Callable[[], None]) -> list[Answer]:
    """One commit for all; if that fails nothing of it happened, and everybody hears so."""
    with _reading() if all(job.reads for job in batch) else nullcontext():
        if len(batch) == 1:
            return [_attempt(partial(_in_savepoint, batch[0].work))]
        return _all_of(batch, begin)


def _reading() -> AbstractContextManager[None]:
    """Only SQLite, as this project has it, knows how to begin without the right to write, and has to."""
    reading: Callable[[], AbstractContextManager[None]] = getattr(connection, "reading", nullcontext)
    return reading()


def _all_of(batch: list[_Job], begin: Callable[[], None]) -> list[Answer]:
    answers: dict[_Job, Answer] = {}

    def all_of_them() -> None:
        for part in _parts(batch):
            begin()
            answers.update(zip(part, _answers(part), strict=True))

    _, broken = _attempt(partial(_in_savepoint, all_of_them))
    return [(None, broken) if broken is not None else answers[job] for job in batch]


def _parts(batch: list[_Job]) -> list[list[_Job]]:
    """Which jobs are one call. An ordinary job stands alone, and none passes it."""
    parts: list[list[_Job]] = []
    open_now: dict[Any, list[_Job]] = {}
    for job in batch:
        if job.each is not None and job.each in open_now:
            open_now[job.each].append(job)
            continue
        parts.append([job])
        if job.each is None:
            open_now.clear()
        else:
            open_now[job.each] = parts[-1]
    return parts


def _answers(part: list[_Job]) -> list[Answer]:
    if len(part) > 1:
        found, error = _attempt(partial(_in_savepoint, partial(_call, part)))
        if error is None:
            return [(result, None) for result in found]
    return [_attempt(partial(_in_savepoint, job.work)) for job in part]


def _call(part: list[_Job]) -> list[Any]:
    """Of several jobs of one kind, the results."""
    each = part[0].each
    assert each is not None
    return [result for _, result in zip(part, each([job.item for job in part]), strict=True)]
