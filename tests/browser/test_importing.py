"""A person drops a document, mends what is wrong in place, gives a value, saves; and saves a large one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ASLEEP = {"url": "https://example.org/mcp", "disabled": True}
DROP = """([form, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], "mcp.json", {type: "application/json"}));
  for (const name of ["dragenter", "dragover", "drop"]) {
    document.querySelector(form).dispatchEvent(
      new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}"""


def drop(page: Page, text: str) -> None:
    page.evaluate(DROP, ["#import-document", text])


def stored(console: Console) -> dict[str, Any]:
    found = console.api.get("mcp.json").json()["mcpServers"]
    assert isinstance(found, dict)
    return found


def test_a_dropped_document_is_mended_in_place_and_saved_whole(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/import/")
    before = list(browser_page.navigations)
    both = {**ASLEEP, "command": "npx", "headers": {"X-Key": "canary-1"}}
    asks = {**ASLEEP, "headers": {"Authorization": "Bearer ${TOKEN}"}}
    drop(page, json.dumps({"mcpServers": {"my maps": ASLEEP, "both": both, "asks": asks, "good": ASLEEP}}))
    expect(page.locator(".g-invalid .count")).to_have_text("2")
    page.get_by_label("TOKEN").fill("canary-2")
    page.get_by_role("button", name="Use my-maps").click()
    expect(page.locator(".g-added .count")).to_have_text("3")

    entry = page.get_by_label("Entry of both")
    entry.fill('{"url": "https://example.org/mcp"')
    page.get_by_role("button", name="Check again").first.click()
    expect(page.locator(".to-mend .wrong")).to_contain_text("mcpServers.both is not JSON")
    expect(entry).to_have_value('{"url": "https://example.org/mcp"')
    page.get_by_label("Select good").uncheck()
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("2 added")
    assert {"my-maps", "asks"} == set(stored(console))

    expect(entry).not_to_have_value("")
    kept = {key: value for key, value in both.items() if key != "command"} | {"headers": {"X-Key": "••••••"}}
    entry.fill(json.dumps(kept))
    page.get_by_role("button", name="Check again").first.click()
    expect(page.locator(".g-added .count")).to_have_text("2")
    page.get_by_label("Select good").check()
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("4 added")
    expect(page.locator("#import-form")).to_have_count(0)
    assert set(stored(console)) == {"my-maps", "asks", "good", "both"}
    assert "canary" not in page.locator("#preview").inner_html()
    assert browser_page.navigations == before
    assert "canary-1" in console.python(
        "from registry.secrets import vault\nfrom registry.services import register\n"
        "print(vault.reveal(register.get('both')).headers)"
    )


def test_by_keyboard_the_place_is_kept_when_a_button_goes_away(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/import/")
    page.get_by_label("Document").focus()
    entries = {"to rename": ASLEEP, "wrong": {"url": "ftp://example.org"}}
    page.keyboard.insert_text(json.dumps({"mcpServers": entries}))
    page.get_by_role("button", name="Use to-rename").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#name-1")).to_be_focused()
    page.get_by_label("Entry of wrong").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(json.dumps(ASLEEP))
    page.locator(".to-mend").get_by_role("button", name="Check again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save selected")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="View services")).to_be_focused()
    assert {"to-rename", "wrong"} <= set(stored(console))


def test_what_changes_is_a_table_on_a_phone_too(console: Console, browser_page: BrowserPage) -> None:
    console.register(narrow=ASLEEP)
    page = browser_page.sign_in(console, "/import/")
    page.set_viewport_size({"width": 400, "height": 800})
    drop(page, json.dumps({"narrow": ASLEEP | {"tags": ["small"]}}))
    line = page.locator(".what-changes tr.in").first
    expect(line).to_have_css("display", "table-row")
    assert (line.bounding_box() or {"height": 99})["height"] < 30


def test_a_large_document_shows_how_far_it_is_and_ends_by_itself(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/import/")
    before = list(browser_page.navigations)
    drop(page, "x" * (1024 * 1024 + 1))
    expect(page.get_by_role("alert")).to_contain_text("mcp.json is larger than 1 MiB")
    entries = {f"many-{n}": ASLEEP for n in range(1200)}
    drop(page, json.dumps(entries | {"bad": {"url": "ftp://example.org"}}))
    expect(page.locator(".g-added .count")).to_have_text("1200")
    expect(page.get_by_text("1100 more not shown here")).to_be_visible()
    page.evaluate("""() => {
      window.told = [];
      new MutationObserver(() => {
        const label = document.querySelector("#import-going label");
        if (label && window.told.at(-1) !== label.textContent) window.told.push(label.textContent);
      }).observe(document.getElementById("main"), {subtree: true, childList: true});
    }""")
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("1200 added", timeout=60_000)
    assert page.evaluate("window.told") == [f"Saving: {n} of 1200 done" for n in range(200, 1200, 200)]
    expect(page.locator(".g-invalid .count")).to_have_text("1")
    assert len([name for name in stored(console) if name.startswith("many-")]) == 1200
    assert browser_page.navigations == before
