"""The hub's rounds: what changes during a rest goes out together, and who comes is told at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.hub import hub as hub_module
from lifecycle.live.hub.hub import Hub
from lifecycle.live.hub.missed import Page, missed
from lifecycle.live.hub.views import Views
from lifecycle.live.socket.client import Client
from lifecycle.models import FeedItem
from registry.models import Service
from tests.support.web import MakeService, move

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 10
T = TypeVar("T")


class HeldPace:
    """Rests until the test says so."""

    def __init__(self) -> None:
        self.resting, self.go_on = asyncio.Event(), asyncio.Event()

    def begin(self) -> None:
        self.resting.clear()

    def add(self, seconds: float) -> None:
        assert seconds > 0

    async def rest(self) -> None:
        self.resting.set()
        await self.go_on.wait()


class Browser:
    """A client of the hub, and the frames that it was sent."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.client = Client(self._take)

    async def _take(self, text: str) -> None:
        self.frames.put_nowait(json.loads(text))
        self.client.confirm(self.client.sent)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            return await self.frames.get()

    async def next_with(self, text: str) -> dict[str, Any]:
        while text not in "".join((frame := await self.next())["html"]):
            pass
        return frame


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> HeldPace:
    held = HeldPace()
    monkeypatch.setattr(hub_module, "Pace", lambda: held)
    return held


@asynccontextmanager
async def listening(hub: Hub, *names: str) -> AsyncIterator[Browser]:
    browser = Browser()
    await hub.join(browser.client, lambda code: None)
    writer = asyncio.create_task(browser.client.write())
    await hub.show(browser.client, names, None)
    yield browser
    writer.cancel()
    hub.leave(browser.client)
    await within(hub, noop)


def noop() -> None:
    """So that what its thread was asked before is done."""


async def within(hub: Hub, work: Callable[[], T]) -> T:
    """Do *work* in the thread that reads for the hub."""
    return await asyncio.get_running_loop().run_in_executor(hub._thread, work)


async def change(service: Service, state: State) -> int:
    return await sync_to_async(move)(service, state)


async def made(shown_service: MakeService, name: str) -> Service:
    return await sync_to_async(shown_service)(name)


async def test_changes_during_a_rest_come_in_one_frame(shown_service: MakeService, pace: HeldPace) -> None:
    first, second = await made(shown_service, "first"), await made(shown_service, "second")
    async with listening(Hub(), f"service-{first.pk}", f"service-{second.pk}") as browser:
        await asyncio.wait_for(pace.resting.wait(), SECONDS)
        await change(first, State.WARNING)
        await change(second, State.WARNING)
        await change(first, State.UNREACHABLE)
        last = await sync_to_async(feed.place)()
        while not browser.frames.empty():
            assert 'data-state="WARNING"' not in "".join(browser.frames.get_nowait()["html"])
        pace.go_on.set()
        frame = await browser.next_with('data-state="WARNING"')
        assert frame["id"] == last
        assert any(f'id="service-{first.pk}" data-state="UNREACHABLE"' in html for html in frame["html"])


async def test_who_comes_during_a_rest_is_told_at_once(shown_service: MakeService, pace: HeldPace) -> None:
    service, hub = await made(shown_service, "weather"), Hub()
    async with listening(hub, "count-all"):
        await asyncio.wait_for(pace.resting.wait(), SECONDS)
        await change(service, State.UNREACHABLE)
        async with listening(hub, f"service-{service.pk}") as late:
            assert 'data-state="UNREACHABLE"' in "".join((await late.next())["html"])


async def test_sqlite_is_opened_once_for_all_that_listen(shown_service: MakeService) -> None:
    service, hub = await made(shown_service, "weather"), Hub()
    async with listening(hub, f"service-{service.pk}") as browser:
        opened = await within(hub, lambda: connection.connection)
        await change(service, State.WARNING)
        await browser.next_with('data-state="WARNING"')
        assert await within(hub, lambda: connection.connection) is opened is not None
    assert await within(hub, lambda: connection.connection) is None


def test_pages_that_come_together_are_rendered_once(
    shown_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[frozenset[str]] = []
    render = fragments.render

    def noted(names: Collection[str]) -> dict[str, str]:
        asked.append(frozenset(names))
        return render(asked[-1])

    monkeypatch.setattr(fragments, "render", noted)
    shared, own = shown_service("shared"), shown_service("own")
    before = feed.place()
    move(shared, State.WARNING)
    last = move(own, State.WARNING)
    one = Page(frozenset({f"service-{shared.pk}"}), before)
    other = Page(frozenset({f"service-{shared.pk}", f"service-{own.pk}"}), before)
    found, place = missed([one, other], timezone.now())
    assert place == last
    assert asked == [other.fresh]
    assert {page: set(names) for page, names in found.items()} == {page: page.fresh for page in (one, other)}


def test_only_the_page_whose_row_is_gone_fetches_its_list(shown_service: MakeService) -> None:
    gone, there = shown_service("gone"), shown_service("there")
    before = feed.place()
    Service.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    move(gone, State.DISCONNECTED)
    move(there, State.WARNING)
    left, good = (Page(frozenset({f"service-{one.pk}"}), before) for one in (gone, there))
    found, _ = missed([left, good], timezone.now())
    assert found[left] == {f"service-{gone.pk}": "", "list": ""}
    assert "list" not in found[good]


async def test_what_a_failing_database_kept_from_being_told_is_told_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub, touched, failed = Hub(), fragments.touched, asyncio.Event()
    monkeypatch.setattr(hub_module, "AFTER_A_FAULT", 0.01)

    def failing(items: list[feed.Item], shown: Collection[str]) -> set[str]:
        if any(item.kind == FeedItem.Kind.BATCH for item in items) and not failed.is_set():
            failed.set()
            raise OperationalError("the server closed the connection")
        return touched(items, set(shown))

    # Before the first round: one that has begun may have looked it up already.
    monkeypatch.setattr(fragments, "touched", failing)
    async with listening(hub, "batch-7") as browser:
        await browser.next()
        await sync_to_async(feed.note)(FeedItem.Kind.BATCH, 7, timezone.now())
        heard_after_it = False
        while not heard_after_it:
            frame = await browser.next()  # one from before may still be on its way
            heard_after_it = failed.is_set() and "batch-7" in frame["events"]


async def test_what_a_page_shows_anew_is_told_since_the_place_that_it_knows() -> None:
    hub = Hub()
    async with listening(hub, "count-all") as browser:
        known = (await browser.next())["id"]
        old = timezone.now() - timedelta(minutes=1)  # beyond what is looked through again in any case
        await sync_to_async(feed.note)(FeedItem.Kind.COMMAND, 5, old)
        await sync_to_async(feed.note)(FeedItem.Kind.COMMAND, 6, old)
        while (await browser.next())["id"] < known + 2:
            pass
        await hub.show(browser.client, ["count-all", "command-5"], known)
        while "command-5" not in (await browser.next())["events"]:
            pass


async def test_after_a_standstill_no_beat_is_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, ahead, beats = Hub(), [0.0], []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead[0], thread_time=time.thread_time)
    monkeypatch.setattr(hub_module, "time", clock)
    told = hub._offer

    def offer(made: Views[dict[str, str]], place: int, now: str = "") -> None:
        beats.append(now)
        told(made, place, now)

    monkeypatch.setattr(hub, "_offer", offer)
    async with listening(hub, "count-all") as browser:
        await browser.next()
        while not beats:
            await browser.next()
        beats.clear()
        ahead[0] = 600.0
        await sync_to_async(feed.note)(FeedItem.Kind.WORKER, 0, timezone.now())
        while not beats:
            await browser.next()
        for _ in range(20):  # rounds that would follow each other at once
            await within(hub, noop)
            await asyncio.sleep(0.001)
        assert len(list(filter(None, beats))) <= 2
