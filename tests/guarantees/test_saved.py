"""What was answered as saved is there after a kill at that very moment."""

from __future__ import annotations

import os
import signal
from threading import Event, Thread

import httpx2
import pytest

from tests.guarantees import figures
from tests.support.console import Console, ConsoleStarter, eventually

pytestmark = pytest.mark.timeout(120)
STOPPED = {"url": "https://mcp.example.org/mcp", "disabled": True}


def register_until_it_dies(console: Console, saved: list[str], begun: Event) -> None:
    client = console.api
    try:
        for number in range(10_000):
            name = f"service-{number}"
            answer = client.post("services", json={"mcpServers": {name: STOPPED}})
            assert answer.json()["results"] == [{"name": name, "outcome": "created"}]
            saved.append(name)
            if number == 20:
                begun.set()
    except httpx2.TransportError:
        return


def test_what_was_answered_as_saved_survives_a_kill(start_console: ConsoleStarter) -> None:
    console, saved, begun = start_console(), list[str](), Event()
    thread = Thread(target=register_until_it_dies, args=(console, saved, begun))
    thread.start()
    assert begun.wait(60)
    for process in reversed(console.processes()):
        os.kill(process.pid, signal.SIGKILL)
    thread.join()
    assert console.process is not None
    console.process.wait()
    found = {row["name"] for row in console.rows("SELECT name FROM registry_service")}
    assert set(saved) <= found
    assert len(found - set(saved)) <= 1
    console.start()
    document = eventually(lambda: console.api.get("mcp.json").json(), "the document")
    # A commit that the kill cut off from its answer may be seen only once the log has been recovered.
    assert found <= set(document["mcpServers"])
    assert len(set(document["mcpServers"]) - set(saved)) <= 1
    figures.note(1, "services answered as saved until the kill of web and worker", len(saved))
    figures.note(1, "of them lost", len(set(saved) - found))
