"""The database is put away while the console runs, and back: web and worker say so, and go on after."""

from __future__ import annotations

import httpx2

from tests.support.console import Console, eventually

GONE = "cannot be opened"


def test_web_and_worker_say_that_the_database_is_gone_and_go_on_once_it_is_back(console: Console) -> None:
    console.register(before={"url": "http://127.0.0.1:9/mcp"})
    place = console.data_dir / "mcpstore.sqlite3"
    aside = place.rename(place.with_name("aside.sqlite3"))
    refused = console.api.get("services")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_missing")
    assert int(refused.headers["Retry-After"]) > 0
    ready = httpx2.get(f"{console.address}/readyz", trust_env=False)
    assert (ready.status_code, GONE in ready.json()["database"]) == (503, True)
    eventually(
        lambda: console.output().count("database trouble: The console's database cannot"), "worker says it"
    )
    assert console.output().count("The console's database cannot") < 10
    assert not place.exists()
    aside.rename(place)
    eventually(console.is_ready, "it is ready again")
    console.register(after={"url": "http://127.0.0.1:9/mcp"})
    console.wait_for("after", "RECONNECTING", "UNREACHABLE")
    assert console.service("before")["name"] == "before"
