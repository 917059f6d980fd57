"""A real Chromium, and a page that remembers every error it reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.console import Console
from tests.support.tools import ROOT
from tests.support.tools import chromium as chromium_program

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAILED_DIR = ROOT / "test-results"


def keep_screenshot(page: Page, name: str) -> None:
    """Picture of what the page shows, for whoever wants to look."""
    FAILED_DIR.mkdir(exist_ok=True)
    page.screenshot(path=str(FAILED_DIR / f"{name}.png"))


CUT_OFF = re.compile("htmx:(afterRequest|sendAbort)")
"""What htmx calls an error where a newer request, or a new page, came before the answer."""


def sign_out(page: Page) -> None:
    """By the menu of one's own name."""
    page.locator(".me > summary").click()
    page.locator(".me").get_by_role("button", name="Sign out").click()


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=list(QUIET))
        yield browser
        browser.close()


class BrowserPage:
    """A page of a fresh context; `expect_errors(pattern)` names those that a test causes on purpose."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self.reported: list[str] = []
        self.navigations: list[str] = []
        self.expected = [CUT_OFF]
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.reported.append(f"page error: {error}"))
        self.page.on("framenavigated", lambda frame: self.navigations.append(frame.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.reported.append(f"console: {message.text} ({message.location.get('url', '')})")

    def expect_errors(self, pattern: str) -> None:
        self.expected.append(re.compile(pattern))

    def problems(self) -> list[str]:
        """Errors that the page reported and no test expected."""
        return [text for text in self.reported if not any(known.search(text) for known in self.expected)]

    def sign_in(self, console: Console, path: str = "/") -> Page:
        """Sign in as admin through the form and land on *path*."""
        self.page.goto(console.address + path)
        if self.page.locator("input[name=username]").count():
            self.page.fill("input[name=username]", "admin")
            self.page.fill("input[name=password]", console.password)
            self.page.locator("form:has(input[name=password]) button").click()
            self.page.wait_for_url(console.address + path)
        return self.page

    def close(self, failed_test: str = "") -> None:
        """Keep a picture of what a failed test last saw."""
        if failed_test:
            FAILED_DIR.mkdir(exist_ok=True)
            name = re.sub(r"[^\w.-]+", "_", failed_test)
            self.page.screenshot(path=str(FAILED_DIR / f"{name}.png"), full_page=True)
        self.context.close()
