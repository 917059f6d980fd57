"""What a page costs the network: the requests and sockets that Chromium makes for it, and their bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx2
from playwright.sync_api import BrowserContext, Page


@dataclass
class Weight:
    """Bytes with headers, as they crossed the network, by path; what the cache had is not in it."""

    parts: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return len(self.parts)

    @property
    def size(self) -> int:
        return sum(self.parts.values())

    def without(self, pattern: str) -> Weight:
        return Weight({path: size for path, size in self.parts.items() if not re.search(pattern, path)})

    def __str__(self) -> str:
        parts = ", ".join(f"{path} {size:,}" for path, size in sorted(self.parts.items()))
        return f"{self.requests} requests, {self.size:,} bytes: {parts}"


def weigh(context: BrowserContext, address: str, path: str) -> tuple[Weight, Weight]:
    """Of a first visit, and of the next one."""
    page = context.new_page()
    try:
        cold = _visit(page, address, path)
        cold.parts |= _favicon(page, address)
        return cold, _visit(page, address, path)
    finally:
        page.close()


def _visit(page: Page, address: str, path: str) -> Weight:
    weight, asked = Weight(), dict[str, str]()
    network = page.context.new_cdp_session(page)

    def sent(event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            asked[event["requestId"]] = event["request"]["url"].removeprefix(address)

    def cached(event: dict[str, Any]) -> None:
        asked.pop(event["requestId"], None)

    def came(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            cached(event)

    def finished(event: dict[str, Any]) -> None:
        if name := asked.get(event["requestId"]):
            weight.parts[name] = weight.parts.get(name, 0) + int(event["encodedDataLength"])

    def socket(event: dict[str, Any]) -> None:
        weight.parts[event["url"].partition("?")[0]] = 0

    network.on("Network.requestWillBeSent", sent)
    network.on("Network.requestServedFromCache", cached)
    network.on("Network.responseReceived", came)
    network.on("Network.loadingFinished", finished)
    network.on("Network.webSocketCreated", socket)
    network.send("Network.enable")
    page.goto(address + path, wait_until="networkidle")
    network.detach()
    return weight


def _favicon(page: Page, address: str) -> dict[str, int]:
    """Chromium without a window does not ask for it."""
    path = page.locator("link[rel=icon]").get_attribute("href") or ""
    if path.startswith("data:"):
        return {}
    answer = httpx2.get(address + path, trust_env=False)
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    return {path: head + len(answer.content)}
