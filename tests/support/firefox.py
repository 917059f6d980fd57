"""A real Firefox through WebDriver BiDi, as much of it as opening pages needs.

Playwright drives a Firefox of its own making only, which no package index has.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.console import eventually
from tests.support.tools import firefox as firefox_program

LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """One tab; `reported` are the errors that its pages put into the console."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.ids = socket, itertools.count(1)
        self.reported: list[str] = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command; the answer, when it comes. What is reported meanwhile is kept."""
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self.socket.recv(timeout=60))
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.reported.append(f"{said['params']['text']} ({said['params'].get('source')})")
            if said.get("id") == number:
                assert said["type"] == "success", said
                found: dict[str, Any] = said["result"]
                return found

    def cookie(self, name: str, value: str, host: str) -> None:
        kept = {"name": name, "value": {"type": "string", "value": value}, "domain": host}
        self.ask("storage.setCookie", cookie=kept)

    def open(self, address: str) -> None:
        """Return when all of the page is loaded."""
        self.ask("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        target = {"context": self.tab}
        answer = self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        return answer["result"].get("value")


@contextmanager
def launched(profile: Path) -> Iterator[Firefox]:
    log = profile.with_suffix(".log")
    command = [firefox_program(), "--headless", "--remote-debugging-port", "0", "--profile", str(profile)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        found = eventually(lambda: LISTENS.search(log.read_text(errors="replace")), "Firefox listens", 60)
        assert found is not None
        with connect(f"{found[1]}/session", proxy=None, max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(20)
