"""Calls as text: what they say, and that a real server is reached with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lifecycle.core.playground.snippets import Target, curl, python
from tests.support.mcp_servers import EverythingServer, FastMCPServer, fastmcp_entry

AWKWARD = {"text": 'it\'s "so" $HOME `x` \\ 日本\nnew', "list": [1, True, None], "empty": {}}


def target(transport: str = "streamable-http", **entry: Any) -> Target:
    return Target(service="weather", transport=transport, entry=entry, console="https://console.example")


def run(text: str, **environment: str) -> str:
    found = subprocess.run(
        ["bash", "-euc", text], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return found.stdout


def test_secrets_are_variables_and_nothing_else_is_filled_in() -> None:
    headers = {"Authorization": "Bearer ${secret:weather.headers.Authorization}"}
    wanted = target(url="https://weather.example/mcp", headers=headers)
    for made in (curl(wanted, "forecast", AWKWARD), python(wanted, "forecast", AWKWARD)):
        assert made.variables == ["WEATHER_HEADERS_AUTHORIZATION"]
        assert "${secret" not in made.text
    assert "-H 'Authorization: Bearer '\"$WEATHER_HEADERS_AUTHORIZATION\"" in curl(wanted, "x", {}).text
    assert '"Bearer " + os.environ["WEATHER_HEADERS_AUTHORIZATION"]' in python(wanted, "x", {}).text


def test_a_program_is_called_through_the_console() -> None:
    made = curl(target("stdio", command="uvx", args=["weather"]), "a b/c?", AWKWARD)
    assert "https://console.example/api/v1/services/weather/tools/a%20b/c%3F/call" in made.text
    assert made.variables == ["MCPSTORE_TOKEN"]
    body = run(made.text.replace("curl -sS", "printf '%s\\n'"), MCPSTORE_TOKEN="t0ken")
    assert "Authorization: Bearer t0ken" in body
    assert json.loads(body.split("-d\n", 1)[1]) == {"arguments": AWKWARD}


def test_python_says_the_same_arguments() -> None:
    made = python(target("stdio", command="uvx", env={"KEY": "${secret:K}"}), "forecast", AWKWARD)
    compile(made.text, "snippet", "exec")
    given = made.text.split('call_tool("forecast", ', 1)[1].split(")\n        print", 1)[0]
    assert eval(given) == AWKWARD
    assert '"KEY": os.environ["K"],' in made.text


@pytest.fixture(scope="module")
def server() -> Iterator[FastMCPServer]:
    with FastMCPServer() as running:
        yield running


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25", ""])
def test_curl_reaches_a_server(server: FastMCPServer, protocol: str) -> None:
    wanted = Target(service="sums", transport="streamable-http", entry={"url": server.url}, protocol=protocol)
    assert '"result":5' in run(curl(wanted, "add", {"a": 2, "b": 3}).text).replace(" ", "")


@pytest.mark.servers
def test_curl_reaches_a_server_with_sessions() -> None:
    with EverythingServer("streamableHttp") as running:
        wanted = Target(
            service="e", transport="streamable-http", entry={"url": running.url}, protocol="2025-11-25"
        )
        assert "The sum of 2 and 3 is 5." in run(curl(wanted, "get-sum", {"a": 2, "b": 3}).text)


@pytest.mark.parametrize("transport", ["stdio", "streamable-http"])
def test_python_reaches_a_server(server: FastMCPServer, transport: str) -> None:
    entry = fastmcp_entry() if transport == "stdio" else {"url": server.url}
    made = python(Target(service="sums", transport=transport, entry=entry), "add", {"a": 2, "b": 3})
    found = subprocess.run([sys.executable, "-c", made.text], capture_output=True, text=True, check=False)
    assert "'5'" in found.stdout, found.stderr
