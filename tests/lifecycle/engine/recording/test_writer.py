"""The writer keeps the order, commits together, and lets nobody pay for another's error."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from lifecycle.engine.recording.writer import Writer
from lifecycle.models import FeedItem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    writer = Writer()
    yield writer
    await asyncio.to_thread(writer.close)


def _add(ref: int) -> int:
    FeedItem.objects.create(kind="list", ref=ref, at=datetime.now(UTC))
    return ref


def _add_and_fail(ref: int) -> None:
    _add(ref)
    raise ValueError(ref)


def _refs() -> list[int]:
    return list(FeedItem.objects.order_by("id").values_list("ref", flat=True))


async def test_jobs_are_done_in_order_and_each_gets_its_own_answer(writer: Writer) -> None:
    answers = await asyncio.gather(*(writer.write(_add, ref) for ref in range(45)))
    assert answers == list(range(45))
    assert await writer.do(_refs) == list(range(45))


async def test_an_error_undoes_its_own_job_and_no_other(writer: Writer) -> None:
    jobs = [writer.write(_add, 1), writer.write(_add_and_fail, 2), writer.write(_add, 3)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert [answers[0], type(answers[1]), answers[2]] == [1, ValueError, 3]
    assert await writer.do(_refs) == [1, 3]


async def test_waiting_jobs_share_one_commit(writer: Writer) -> None:
    commits: list[int] = []

    def add_and_watch(ref: int) -> None:
        _add(ref)
        transaction.on_commit(lambda: commits.append(len(_refs())))

    block = asyncio.create_task(writer.do(time.sleep, 0.1))
    await asyncio.gather(block, *(writer.write(add_and_watch, ref) for ref in range(10)))
    assert commits == [10] * 10


class _Slow(deque[float]):
    def popleft(self) -> float:
        time.sleep(0.2)
        return super().popleft()


async def test_who_has_an_answer_is_counted_among_those_who_wait_no_more(writer: Writer) -> None:
    writer._waiting = _Slow()
    await writer.do(_refs)
    assert writer.lag() == 0
    await writer.write(_add, 1)
    assert writer.lag() == 0


class Together:
    """A `write_each` that remembers its calls; refs above 100 cannot be written."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def add(self, refs: list[int]) -> list[int]:
        self.calls.append(refs)
        for ref in refs:
            _add(ref)
            if ref > 100:
                raise ValueError(ref)
        return [-ref for ref in refs]


async def test_waiting_items_are_one_call_and_each_gets_its_own_answer(writer: Writer) -> None:
    together = Together()
    block = asyncio.create_task(writer.do(time.sleep, 0.1))
    answers = await asyncio.gather(block, *(writer.write_each(together.add, ref) for ref in range(10)))
    assert answers[1:] == [-ref for ref in range(10)]
    assert together.calls == [list(range(10))]
    assert await writer.do(_refs) == list(range(10))


async def test_an_item_that_cannot_be_written_harms_no_other(writer: Writer) -> None:
    together = Together()
    block = asyncio.create_task(writer.do(time.sleep, 0.1))
    jobs = [writer.write_each(together.add, ref) for ref in (1, 101, 2)]
    _, *answers = await asyncio.gather(block, *jobs, return_exceptions=True)
    assert [answers[0], type(answers[1]), answers[2]] == [-1, ValueError, -2]
    assert together.calls == [[1, 101, 2], [1], [101], [2]]
    assert await writer.do(_refs) == [1, 2]


async def test_no_item_passes_an_ordinary_job(writer: Writer) -> None:
    one, other = Together(), Together()
    block = asyncio.create_task(writer.do(time.sleep, 0.1))
    jobs = [
        writer.write_each(one.add, 1),
        writer.write_each(other.add, 2),
        writer.write_each(one.add, 3),
        writer.write(_add, 4),
        writer.write_each(one.add, 5),
    ]
    await asyncio.gather(block, *jobs)
    assert await writer.do(_refs) == [1, 3, 2, 4, 5]
    assert (one.calls, other.calls) == ([[1, 3], [5]], [[2]])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere readers never wait for writers")
async def test_what_only_reads_does_not_wait_for_another_writer(writer: Writer) -> None:
    await writer.write(_add, 7)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reading = asyncio.gather(*(writer.read_each(_refs_for_each, number) for number in range(3)))
        assert await asyncio.wait_for(reading, 5) == [[7]] * 3
        other.execute("ROLLBACK")
    await writer.write(_add, 8)
    assert await writer.do(_refs) == [7, 8]


def _refs_for_each(items: list[int]) -> list[list[int]]:
    return [_refs()] * len(items)


async def test_what_reads_goes_along_with_writes_in_its_place(writer: Writer) -> None:
    block = asyncio.create_task(writer.do(time.sleep, 0.1))
    jobs = [writer.write(_add, 1), writer.read_each(_refs_for_each, 0), writer.write(_add, 2)]
    _, *found = await asyncio.gather(block, *jobs)
    assert found == [1, [1], 2]
