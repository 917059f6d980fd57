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


@pytest.mark.parametrize("width", [400, 820, 1280, 1440])
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


PAGES = (
    "/",
    "/services/",
    "/services/torch/",
    "/services/torch/edit/",
    "/services/torch/events/",
    "/add/",
    "/import/",
    "/queue/",
    "/batches/",
    "/removed/",
    "/dependencies/",
    "/agents/",
    "/add-agent/",
    "/versions/",
    "/alerts/",
    "/alerts/rules/",
    "/alerts/rules/add/",
    "/alerts/channels/",
    "/alerts/channels/add/webhook/",
    "/alerts/deliveries/",
    "/settings/policies/",
    "/settings/policies/normal/",
    "/settings/workers/",
)
# Controls that stand outside of the window or are cut off by what they are in, and cannot be scrolled to.
CLIPPED = """() => [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")]
  .filter(one => one.checkVisibility({checkVisibilityCSS: true}) && !one.closest(".vh, dialog"))
  .filter(one => {
    const right = one.getBoundingClientRect().right;
    for (let at = one.parentElement; at; at = at.parentElement) {
      const how = getComputedStyle(at).overflowX;
      if (["auto", "scroll"].includes(how) && at !== document.documentElement) return false;
      if (["hidden", "clip"].includes(how) && right > at.getBoundingClientRect().right + 1) return true;
    }
    return right > innerWidth + 1;
  }).map(one => one.textContent.trim() || one.name)"""
# Cards that are narrower than what is in them.
WIDER = """() => [...document.querySelectorAll("#overview-now, main .figure")]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.id || one.textContent)"""
# Labels that do not begin with, or hold, the words that are shown (WCAG 2.5.3, label in name).
UNLIKE = """() => [...document.querySelectorAll(":is(a, button)[aria-label]")]
  .filter(one => one.checkVisibility() && /[a-z]{2}/i.test(one.innerText)
    && !one.getAttribute("aria-label").toLowerCase().includes(one.innerText.trim().toLowerCase()))
  .map(one => `${one.innerText} / ${one.getAttribute("aria-label")}`)"""


def test_no_control_is_cut_off_at_any_width_and_each_is_called_what_it_shows(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(torch={"url": "http://127.0.0.1:9/mcp"})
    console.python(
        "from lifecycle.models import Channel; from django.utils import timezone;"
        "Channel.objects.create(name='Log', kind='console', created_at=timezone.now())"
    )
    console.wait_for("torch", "RECONNECTING", "UNREACHABLE")
    browser_page.sign_in(console, "/services/")
    page = browser_page.page
    found: list[tuple[object, ...]] = []
    for path in PAGES:
        answer = page.goto(console.address + path)
        assert answer is not None
        assert answer.status == 200, path
        found += [(path, what) for what in page.evaluate(UNLIKE)]
        for width in (390, 768, 820, 912, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            found += [(path, width, what) for what in page.evaluate(CLIPPED) + page.evaluate(WIDER)]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append((path, width, f"scrolls to {wide}"))
    assert found == []


# By how much the words on the buttons of a row stand beside the line that its name is written on.
CROOKED = """() => {
  const drawn = document.createElement("canvas").getContext("2d");
  const line = (element) => {
    const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
    const range = document.createRange();
    range.selectNodeContents(text);
    drawn.font = getComputedStyle(text.parentElement).font;
    return range.getClientRects()[0].bottom - drawn.measureText("x").fontBoundingBoxDescent;
  };
  return [...document.querySelectorAll("table.cards tbody tr")].flatMap((row) =>
    [...row.querySelectorAll(".act :is(a, button)")].map((one) => line(one) - line(row.querySelector("th"))));
}"""


@pytest.mark.parametrize("density", ["comfortable", "dense"])
@pytest.mark.parametrize("path", ["/settings/people/", "/settings/tokens/", "/agents/", "/alerts/rules/"])
def test_the_buttons_of_a_row_stand_on_the_line_of_its_name(
    console: Console, browser_page: BrowserPage, path: str, density: str
) -> None:
    assert console.api.get("services").status_code == 200  # by a token, which is in the list of tokens then
    page = browser_page.sign_in(console, path)
    page.evaluate(f"document.documentElement.dataset.density = '{density}'")
    off = page.evaluate(CROOKED)
    assert off and max(map(abs, off)) < 1, off
