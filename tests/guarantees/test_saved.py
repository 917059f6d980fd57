"""What was answered as saved is there after a kill at that very moment."""

from __future__ import annotations

import os
import signal
from threading import Event, Thread

import httpx2
import pytest

from tests.guarantees import figures
from tests.support.console import ConsoleStarter, eventually

pytestmark = pytest.mark.timeout(120)
STOPPED = {"url": "https://mcp.example.org/mcp", "disabled": True}


def register_until_it_dies(client: httpx2.Client, prefix: str, saved: list[str], begun: Event) -> None:
    try:
        for number in range(10_000):
            name = f"{prefix}-{number}"
            answer = client.post("services", json={"mcpServers": {name: STOPPED}})
            assert answer.json()["results"] == [{"name": name, "outcome": "created"}]
            saved.append(name)
            if number == 20:
                begun.set()
    except httpx2.TransportError:
        return


@pytest.mark.parametrize("clients", [1, 8])
def test_what_was_answered_as_saved_survives_a_kill(start_console: ConsoleStarter, clients: int) -> None:
    """One client, and several at once, whose registrations share transactions: not one more is there."""
    console, saved = start_console(), list[str]()
    client, begun = console.api, [Event() for _ in range(clients)]
    threads = [
        Thread(target=register_until_it_dies, args=(client, f"service-{number}", saved, event))
        for number, event in enumerate(begun)
    ]
    for thread in threads:
        thread.start()
    assert all(event.wait(60) for event in begun)
    for process in reversed(console.processes()):
        os.kill(process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert console.process is not None
    console.process.wait()
    found = {row["name"] for row in console.rows("SELECT name FROM registry_service")}
    assert set(saved) <= found
    assert len(found - set(saved)) <= clients
    console.start()
    document = eventually(lambda: console.api.get("mcp.json").json(), "the document")
    # A commit that the kill cut off from its answer may be seen only once the log has been recovered.
    assert found <= set(document["mcpServers"])
    assert len(set(document["mcpServers"]) - set(saved)) <= clients
    audited = {row["target"] for row in console.rows("SELECT target FROM registry_auditentry")}
    assert set(document["mcpServers"]) <= audited
    of = f", of {clients} clients" if clients > 1 else ""
    figures.note(1, f"services answered as saved until the kill of web and worker{of}", len(saved))
    figures.note(1, f"of them lost{of}", len(set(saved) - found))
