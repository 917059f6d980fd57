"""A worker that is silent shows in the page and in /readyz within 30 seconds, and so does its return."""

from __future__ import annotations

import time

import httpx2
import pytest
from playwright.sync_api import expect

from tests.guarantees import figures
from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(150)]
ONE_LOOK = 3


def answer(console: Console, path: str) -> int:
    return httpx2.get(f"{console.address}/{path}", timeout=10, trust_env=False).status_code


def test_a_silent_worker_makes_the_page_say_that_it_is_stale(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/services/")
    sign = page.locator("#worker-sign")
    expect(sign).to_have_class("sign is-live", timeout=20_000)
    worker = console.worker()
    began = time.monotonic()
    worker.suspend()
    try:
        expect(sign).to_have_class("sign is-stale", timeout=40_000)
        assert time.monotonic() - began < 30 + ONE_LOOK
        figures.note(8, "a silent worker shows on the page after", time.monotonic() - began, "s")
        ready, left = f"{console.address}/readyz", began + 30 + ONE_LOOK - time.monotonic()
        eventually(lambda: httpx2.get(ready, trust_env=False).status_code == 503, "a 503 of /readyz", left)
        assert answer(console, "healthz") == 200
    finally:
        worker.resume()
    expect(sign).to_have_class("sign is-live", timeout=20_000)
