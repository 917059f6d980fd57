"""Requests wait for a few threads in the order in which they came; who is too many is told so."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from django.conf import settings

from mcpstore_site.answers import health
from mcpstore_site.serving import handling
from mcpstore_site.serving.lanes import Bounds, CrowdedError, Lane

ONE = Bounds(threads=1, waiting=100, patience=5)


async def test_they_are_answered_in_the_order_in_which_they_came() -> None:
    lane, done, held = Lane("a", ONE), [], threading.Event()
    first = asyncio.create_task(lane.do(lambda: held.wait(5)))
    await asyncio.sleep(0)
    others = [asyncio.create_task(lane.do(lambda n=n: done.append(n))) for n in range(50)]  # type: ignore[misc]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, *others)
    assert done == list(range(50))


async def test_they_use_the_same_threads_again() -> None:
    lane = Lane("a", Bounds(threads=2, waiting=100, patience=5))
    names = await asyncio.gather(*(lane.do(lambda: threading.current_thread().name) for _ in range(40)))
    assert len(set(names)) <= 2


@pytest.mark.parametrize("bounds", [{"waiting": 1, "patience": 5}, {"waiting": 9, "patience": 0.05}])
async def test_who_is_too_many_or_waits_too_long_is_refused(bounds: dict[str, Any]) -> None:
    lane, held = Lane("a", Bounds(threads=1, after=7, **bounds)), threading.Event()
    busy = asyncio.create_task(lane.do(lambda: held.wait(5)))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(lane.do(lambda: 1))
    await asyncio.sleep(0)
    with pytest.raises(CrowdedError) as refused:
        await lane.do(lambda: 2)
    assert refused.value.after == 7
    held.set()
    await asyncio.gather(busy, waiting, return_exceptions=True)
    assert await lane.do(lambda: 3) == 3


async def test_who_leaves_the_queue_is_not_answered_and_costs_nobody_a_place() -> None:
    lane, held, done = Lane("a", ONE), threading.Event(), []
    busy = asyncio.create_task(lane.do(lambda: held.wait(5)))
    await asyncio.sleep(0)
    left = asyncio.create_task(lane.do(lambda: done.append("left")))
    await asyncio.sleep(0)
    left.cancel()
    held.set()
    await busy
    await lane.do(lambda: done.append("stayed"))
    assert (done, lane.waiting) == (["stayed"], 0)


async def answered(path: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str], str]:
    monkeypatch.setattr(handling, "READING", Bounds(threads=1, waiting=0, patience=1))
    monkeypatch.setattr(settings, "MIDDLEWARE", [])
    return await ask(handling.Handler(), path)


async def ask(handler: handling.Handler, path: str) -> tuple[int, dict[str, str], str]:
    said: list[dict[str, Any]] = []
    given = [{"type": "http.request", "body": b"", "more_body": False}]
    never = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not given:
            await never.wait()
        return given.pop()

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await handler(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(part["body"] for part in said[1:]).decode()


async def test_a_refused_program_is_told_in_json_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    status, headers, body = await answered("/api/v1/services", monkeypatch)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert json.loads(body)["error"]["code"] == "too_busy"


async def test_a_refused_person_is_shown_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    status, headers, body = await answered("/services/", monkeypatch)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert "Too many requests at once" in body
    assert f"<code>{headers['X-Request-ID']}</code>" in body


@pytest.mark.parametrize(
    ("path", "said"),
    [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ok", "database": "ok", "worker": "ok"})],
)
async def test_whether_the_console_lives_is_told_past_four_slow_pages_and_4000_that_wait(
    path: str, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
    monkeypatch.setattr(health, "_workers", lambda: "ok")
    handler, held = handling.Handler(), threading.Event()
    pages = handler._lane({"method": "GET", "path": "/services/"})
    crowd = [asyncio.create_task(pages.do(held.wait)) for _ in range(4004)]
    await asyncio.sleep(0)
    assert pages.waiting == 4000
    async with asyncio.timeout(5):
        status, _, body = await ask(handler, path)
    assert (status, json.loads(body)) == (200, said)
    held.set()
    await asyncio.gather(*crowd)
