"""Watches rows of an open page: which states they showed, and when, without asking the server again."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

RECORDER = """() => {
  window.seenStates = [];
  window.sameDocument = true;
  const note = row => window.seenStates.push(
    {id: row.id, state: row.dataset.state, text: row.innerText, at: Date.now() / 1000});
  const rows = () => document.querySelectorAll("tr[id^='service-']");
  const last = {};
  const look = () => rows().forEach(row => {
    if (last[row.id] !== row.dataset.state) { last[row.id] = row.dataset.state; note(row); }
  });
  look();
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


def record(page: Page) -> None:
    """Begin to write down each change of a row's state with the browser's clock."""
    page.evaluate(RECORDER)


def seen(page: Page, service_id: int) -> list[dict[str, Any]]:
    """What the row of this service showed, in order."""
    found: list[dict[str, Any]] = page.evaluate("window.seenStates")
    return [one for one in found if one["id"] == f"service-{service_id}"]


def is_same_document(page: Page) -> bool:
    """False after any navigation or reload since `record`."""
    return bool(page.evaluate("window.sameDocument === true"))


def wait_for_state(page: Page, service_id: int, state: str, seconds: float = 30) -> None:
    page.wait_for_selector(f"#service-{service_id}[data-state={state}]", timeout=seconds * 1000)
