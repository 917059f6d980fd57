"""What the pages look like at the widths people have, measured in Chromium."""

from __future__ import annotations

import pytest

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser
SPILLING = """() => [...document.querySelectorAll(".tile > span")]
  .filter(word => word.scrollWidth > word.clientWidth).map(word => word.textContent.trim())"""
EMPTY_BARS = """() => [...document.querySelectorAll(".beats:empty")]
  .filter(bar => bar.checkVisibility()).length"""


@pytest.mark.parametrize("width", [400, 1280, 1440])
def test_each_state_fits_its_tile_and_phones_show_no_empty_bar(
    console: Console, browser_page: BrowserPage, width: int
) -> None:
    console.register(lamp={"url": "http://127.0.0.1:9/mcp", "disabled": True})
    browser_page.page.set_viewport_size({"width": width, "height": 900})
    page = browser_page.sign_in(console, "/services/")
    assert page.evaluate(SPILLING) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 400:
        assert page.evaluate(EMPTY_BARS) == 0
