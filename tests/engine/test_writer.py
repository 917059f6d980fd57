"""The writer keeps the order, commits together, and lets nobody pay for another's error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from django.db import transaction

from lifecycle.engine.writer import Writer
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
