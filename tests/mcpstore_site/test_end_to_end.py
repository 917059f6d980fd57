"""A whole console and a real MCP server, through REST alone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.support.console import Console, ConsoleStarter
from tests.support.mcp_servers import FastMCPServer


def test_register_use_stop_and_remove_over_rest(console: Console, fastmcp_http_server: FastMCPServer) -> None:
    console.register(rest={"url": fastmcp_http_server.url})
    found = console.wait_for("rest", "HEALTHY")
    assert (found["health"], found["status"], found["tools_count"]) == ("healthy", "running", 4)
    tools = console.api.get("services/rest/tools").json()
    assert {tool["name"] for tool in tools["results"]} == {"add", "wait", "fail", "environment"}
    called = console.call("rest", "add", a=2, b=40)
    assert called["ok"] and called["content"] == [{"type": "text", "text": "42"}]
    failed = console.call("rest", "fail", message="as asked")
    assert not failed["ok"] and "as asked" in failed["error"]

    checked = console.api.post("services/rest/check?wait=20").json()
    assert (checked["state"], checked["error"]) == ("done", "")
    restarted = console.api.post("services/rest/restart?wait=30").json()
    assert restarted["state"] == "done", restarted
    console.wait_for("rest", "HEALTHY")

    stopped = console.api.post("services/rest/stop?wait=20").json()
    assert stopped["state"] == "done", stopped
    assert console.service("rest")["state"] == "DISCONNECTED"
    refused = console.api.post("services/rest/tools/add/call", json={"arguments": {"a": 1, "b": 1}})
    assert refused.status_code == 409

    events = console.api.get("services/rest/events").json()["results"]
    up, down = ["INITIALIZING", "HEALTHY"], ["DISCONNECTING", "DISCONNECTED"]
    assert [event["to"] for event in events] == up + down + up + down
    assert console.api.delete("services/rest").status_code == 204
    assert console.api.get("services/rest").status_code == 404


def test_a_server_that_dies_and_comes_back(console: Console) -> None:
    with FastMCPServer() as server:
        console.register(phoenix={"url": server.url})
        console.wait_for("phoenix", "HEALTHY")
        server.kill()
        console.api.post("services/phoenix/check?wait=20")
        lost = console.wait_for("phoenix", "RECONNECTING", seconds=20)
        assert lost["error"]["message"] and lost["not_serving_since"]
        server.start()
        console.api.post("services/phoenix/reconnect?wait=20")
        assert console.wait_for("phoenix", "HEALTHY", seconds=20)["error"] is None
    console.api.delete("services/phoenix")


def test_callers_that_wait_delay_nobody(
    start_console: ConsoleStarter, postgres_copy: str, fastmcp_http_server: FastMCPServer
) -> None:
    """More of them than the pool has connections."""
    console, callers = start_console(DATABASE_URL=postgres_copy), 20
    console.register(patient={"url": fastmcp_http_server.url})
    console.wait_for("patient", "HEALTHY")
    with ThreadPoolExecutor(callers) as pool:
        calls = [pool.submit(console.call, "patient", "wait", seconds=3) for _ in range(callers)]
        time.sleep(1)
        began = time.monotonic()
        assert console.api.get("services").status_code == 200
        assert time.monotonic() - began < 1.5
        assert not any(call.done() for call in calls)
        assert all(call.result()["ok"] for call in calls)
    console.stop()
