"""Published MCP servers, through REST: HEALTHY, with all their tools, and a call is really made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.servers.published import Published, entries, known
from tests.support.console import MARK, Console, eventually, processes_marked
from tests.support.mcp_servers import EverythingServer, FastMCPServer, npm_entry

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
NAMES = [server.name for server in known(Path("/"), "")]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with one commit, and a page to fetch."""
    place = tmp_path_factory.mktemp("repository").resolve()
    (place / "page.html").write_text("<html><body><p>A page to be fetched.</p></body></html>")
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "The first commit"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return place


@pytest.fixture(scope="module")
def page_url(repository: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(repository)))
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/page.html"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def registered(
    console: Console, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    """A console that holds all of them."""
    listening = {
        "everything-http": EverythingServer("streamableHttp"),
        "everything-sse": EverythingServer("sse"),
        "fastmcp-http": FastMCPServer("http"),
        "fastmcp-sse": FastMCPServer("sse"),
    }
    with ExitStack() as stack:
        urls = {name: stack.enter_context(server).url for name, server in listening.items()}
        memory_file = tmp_path_factory.mktemp("memory") / "memory.json"
        console.register(**entries(repository, memory_file, urls))
        yield console


@pytest.fixture
def server(request: pytest.FixtureRequest, repository: Path, page_url: str) -> Published:
    return next(one for one in known(repository, page_url) if one.name == request.param)


@pytest.mark.parametrize("server", NAMES, indirect=True)
def test_a_published_server_is_healthy_and_answers(registered: Console, server: Published) -> None:
    found = registered.wait_for(server.name, "HEALTHY", seconds=90)
    assert found["tools_count"] == server.tools
    tools = registered.api.get(f"services/{server.name}/tools").json()
    assert server.tool in str(tools)
    outcome = registered.call(server.name, server.tool, **server.arguments)
    assert outcome["ok"], outcome
    assert server.answer(outcome), outcome


def test_a_tool_that_fails_says_so(registered: Console) -> None:
    registered.wait_for("fastmcp-http", "HEALTHY", seconds=60)
    outcome = registered.call("fastmcp-http", "fail", message="on purpose")
    assert not outcome["ok"]
    assert "on purpose" in str(outcome)


def test_the_server_without_ping_is_held_by_its_own_protocol(registered: Console) -> None:
    found = registered.wait_for("fastmcp-http", "HEALTHY", seconds=60)
    assert found["protocol_version"] == "2026-07-28"


def test_stopping_leaves_no_process_of_the_server(registered: Console, repository: Path) -> None:
    entry = npm_entry("server-filesystem", str(repository)) | {"env": {MARK: str(repository)}}
    registered.register(**{"to-be-stopped": entry})
    registered.wait_for("to-be-stopped", "HEALTHY", seconds=60)
    assert processes_marked(str(repository))
    answer = registered.api.post("services/to-be-stopped/stop", params={"wait": "20"})
    assert answer.status_code in (200, 202), answer.text
    registered.wait_for("to-be-stopped", "DISCONNECTED")
    eventually(lambda: not processes_marked(str(repository)), "the server's process is gone", 5)
