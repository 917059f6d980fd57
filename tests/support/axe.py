"""What axe-core finds wrong with a page, by all its rules but those of level AAA."""

from __future__ import annotations

import json
from functools import cache

from playwright.sync_api import Page

from tests.support.tools import TOOLS, ToolMissingError

OFF_BY_DEFAULT = (
    "target-size",
    "css-orientation-lock",
    "focus-order-semantics",
    "label-content-name-mismatch",
    "p-as-heading",
    "table-fake-caption",
    "td-has-header",
)
ALL_RULES = json.dumps({"rules": {rule: {"enabled": True} for rule in OFF_BY_DEFAULT}})
OF_COLOUR = json.dumps({"runOnly": ["color-contrast", "link-in-text-block"]})
OF_PLACE = json.dumps({"runOnly": ["target-size", "scrollable-region-focusable"]})
SHOWN = """() => [...document.querySelectorAll("body *")].map((one) => {
  if (!one.checkVisibility({ visibilityProperty: true })) return "";
  const { fontSize, fontWeight, clipPath } = getComputedStyle(one);
  return [fontSize, fontWeight, clipPath === "none"].join();
}).join(";")"""
"""All that rules depend on but those of colour and place: a width that changes none of it needs no more."""
RUN = """async (options) => {
  const how = { resultTypes: ["violations"], preload: false, ...JSON.parse(options) };
  const why = (text) => text.split("\\n").slice(1).map((line) => line.trim()).join("; ");
  return (await axe.run(document, how)).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => [id, target.flat().join(" "), why(failureSummary)]));
}"""
Finding = tuple[str, str, str]
"""The rule, the element as a selector, and why."""


@cache
def script() -> str:
    place = TOOLS / "npm" / "node_modules" / "axe-core" / "axe.min.js"
    if not place.exists():
        raise ToolMissingError("axe-core is missing: type `make tools`.")
    return place.read_text(encoding="utf-8")


def findings(page: Page, options: str = ALL_RULES) -> list[Finding]:
    """Of the page as it is shown now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    return [(rule, element, why) for rule, element, why in page.evaluate(RUN, options)]
