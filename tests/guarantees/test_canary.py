"""Values planted wherever a configuration can hold one, with servers that repeat all they are given."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.guarantees.canary import (
    Canaries,
    ask_everything,
    commands,
    crawl,
    look_at_rows,
    post,
    processes,
    signed_in,
)
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.mcp_servers import ServerProcess
from tests.support.ports import free_port
from tests.support.tools import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PARROT = str(ROOT / "tests" / "doubles" / "parrot.py")
CANARIES = {
    "env": 'c4nary-e7f1 "quoted" ü&<x>+/',
    "env-key": "c4nary-k8a2b9d4e6",
    "arg": "c4nary-a3d5f7b9c1",
    "arg-token": "sk-c4naryb1d3f5a7c9e2",
    "header": 'c4nary-h2c4e6a8 "q"+/',
    "bearer": "c4nary-b9e7d5c3a1",
    "auth": "c4nary-t6f8a0c2e4",
    "user": "c4naryuser91b3",
    "password": "c4narypass57d1",
    "query": "c4nary-q1a3c5e7f9",
    "path": "c4narypath0a1b2c3d4e5f6a7",
    "unknown-key": "c4nary-u5b7d9f1a3",
    "shared": "c4nary-s8c0e2a4f6",
    "argument": "c4nary-p4e6a8c0b2",
    "edited": "c4nary-f3a5c7e9b1",
    "hook-path": "c4naryhook7d9f1b3a5c",
    "hook-query": "c4nary-hq2e4a6c8",
    "hook-secret": "YzRuYXJ5LXNpZ25pbmctc2VjcmV0LTEyMzQ1",
    "smtp": "c4nary-m7b9d1f3a5",
    "passphrase": "c4nary-pp6a8c0e2b4",
    "typed": "c4nary-ty3c5e7a9d1",
}


class Repeating(BaseHTTPRequestHandler):
    """A webhook receiver that refuses, and says what it was sent; later it takes everything."""

    bodies: list[bytes]
    refuses = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.bodies.append(body)
        text = f"no hook at {self.path}, {dict(self.headers)}".encode() if self.refuses else b"taken"
        self.send_response(500 if self.refuses else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        return


class Mailbox:
    """An SMTP server that wants a password, and says it when it refuses."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refuses = True
        self.port = free_port()
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self.authenticate,
            auth_require_tls=False,
        )

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        if self.refuses:
            return AuthResult(success=False, handled=False, message=f"535 wrong: {data.password.decode()}")
        return AuthResult(success=data.password == CANARIES["smtp"].encode())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 taken"


@contextmanager
def receivers() -> Iterator[tuple[ThreadingHTTPServer, Mailbox]]:
    Repeating.bodies, Repeating.refuses = [], True
    hook, mailbox = ThreadingHTTPServer(("127.0.0.1", 0), Repeating), Mailbox()
    threading.Thread(target=hook.serve_forever, args=(0.05,), daemon=True).start()
    mailbox.controller.start()
    try:
        yield hook, mailbox
    finally:
        hook.shutdown()
        hook.server_close()
        mailbox.controller.stop()


@contextmanager
def listening(console: Console, client: httpx2.Client, frames: list[str]) -> Iterator[None]:
    """A page that is open all the while, and what it is told."""
    shown = [f"{what}-{pk}" for what in ("service", "service-head", "service-events") for pk in range(1, 9)]
    with connect(
        f"ws://127.0.0.1:{console.port}/live/",
        origin=Origin(console.address),
        additional_headers={"Cookie": f"sessionid={client.cookies['sessionid']}"},
        proxy=None,
    ) as socket:
        socket.send(json.dumps({"show": ["count-all", *shown]}))

        def hear() -> None:
            with suppress(ConnectionClosed):
                for frame in socket:
                    frames.append(str(frame))
                    socket.send(json.dumps({"ack": 1000}))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        yield
        socket.close()
        thread.join(5)


def document(port: int, broken: Path) -> dict[str, Any]:
    """The profile `critical` gives up after two failures, which spares half a minute."""
    planted = CANARIES
    at = f"127.0.0.1:{port}/{planted['path']}/mcp"
    entries: dict[str, dict[str, Any]] = {
        "child": {
            "command": sys.executable,
            "args": [PARROT, "stdio", "--api-key", planted["arg"], planted["arg-token"], str(broken)],
            "env": {"PLAIN": planted["env"], "API_KEY": planted["env-key"], "SHARED": "${SHARED_ONE}"},
        },
        "remote": {
            "url": f"http://{planted['user']}:{planted['password']}@{at}?api_key={planted['query']}",
            "headers": {"X-Plain": planted["header"]},
            "oauth": {"clientSecret": planted["unknown-key"]},
        },
        "bearer": {"url": f"http://{at}", "headers": {"Authorization": f"Bearer {planted['bearer']}"}},
        "token": {"url": f"http://{at}", "auth": planted["auth"]},
    }
    return {"mcpServers": {name: {"profile": "critical", **entry} for name, entry in entries.items()}}


NAMES = ("child", "remote", "bearer", "token")
SEEN = (
    "/services/child/",
    "/services/child/logs/",
    "/services/remote/edit/",
    "/versions/",
    "/versions/compare/",
    "/versions/export/",
    "/alerts/deliveries/",
    "/alerts/channels/",
    "/agents/",
    "/password/",
    "/import/",
)
"""Pages that the crawl must have come by."""


def add_channels(client: httpx2.Client, canaries: Canaries, hook_port: int) -> None:
    """Through the page, first with a mistake: the form comes back without what was typed."""
    url = f"http://127.0.0.1:{hook_port}/{CANARIES['hook-path']}?token={CANARIES['hook-query']}"
    refused = post(
        client, "/alerts/channels/add/webhook/", name="hook", url=url, secret="whsec_bad" + CANARIES["typed"]
    )
    assert refused.status_code == 422
    canaries.look("a refused channel form", refused.content)
    for kind, fields in (
        ("webhook", {"name": "hook", "url": url, "secret": f"whsec_{CANARIES['hook-secret']}"}),
        ("email", {"name": "mail", "to": "ops@example.org"}),
        ("console", {"name": "log"}),
    ):
        saved = post(client, f"/alerts/channels/add/{kind}/", enabled="on", all_rules="on", **fields)
        assert saved.status_code == 200, saved.text
        canaries.look(f"the page after saving {kind}", saved.content)


def refused_forms(client: httpx2.Client, canaries: Canaries) -> None:
    """Forms of services that are refused come back without the values."""
    typed = CANARIES["typed"]
    common = {"transport": "streamable-http", "profile": "normal", "priority": "normal"}
    for fields in (
        {"name": "bad name", "url": f"https://u:{typed}@example.org/?key={typed}", "headers": f"X: {typed}"},
        {"name": "child", "url": f"https://example.org/{typed}", "headers": f"no colon {typed}"},
    ):
        answer = post(client, "/add/", **common, **fields)
        assert answer.status_code in (409, 422)
        canaries.look("a refused service form", answer.content)
    answer = post(
        client, "/import/", text=json.dumps({"mcpServers": {"n": {"url": f"ftp://x/?key={typed}"}}})
    )
    canaries.look("a preview of what is refused", answer.content)


@pytest.fixture
def parrot(tmp_path: Path) -> Iterator[tuple[ServerProcess, Path]]:
    broken, port = tmp_path / "broken", free_port()
    with ServerProcess([sys.executable, PARROT, "http", str(port), str(broken)], port, "/mcp", {}) as server:
        yield server, broken


def test_no_planted_value_is_found_anywhere(
    start_console: ConsoleStarter, parrot: tuple[ServerProcess, Path], tmp_path: Path
) -> None:
    server, broken = parrot
    canaries, frames = Canaries(CANARIES), list[str]()
    with receivers() as (hook, mailbox), ExitStack() as stack:
        console = start_console(EMAIL_URL=f"smtp://ops:{CANARIES['smtp']}@127.0.0.1:{mailbox.port}")
        client = stack.enter_context(closing(signed_in(console)))
        add_channels(client, canaries, hook.server_port)
        values, file = tmp_path / "values.json", tmp_path / "given.json"
        values.write_text(json.dumps({"SHARED_ONE": CANARIES["shared"]}))
        file.write_text(json.dumps(document(server.port, broken)))
        bring = ["mcpjson", "import", str(file), "--values", str(values)]
        said = commands(console, canaries, bring, ["apitoken", "admin", "--role", "admin"])
        console.take_token(said.split()[-1])
        with listening(console, client, frames):
            for name in NAMES:
                console.wait_for(name, "HEALTHY")
                # A PIN by the schema of "say"; "fail" has none: a plain argument would be recorded.
                console.call(name, "say", pin=CANARIES["argument"], api_key=CANARIES["argument"])
                console.call(name, "fail", api_key=CANARIES["argument"])
            refused_forms(client, canaries)
            look_at_rows(console, canaries)
            broken.touch()
            for name in NAMES:
                console.api.post(f"services/{name}/check")
            for name in NAMES:
                console.wait_for(name, "RECONNECTING", "UNREACHABLE", seconds=90)
            console.call("child", "say")
            take_values_along(console, client, canaries)
            change_everything(console, client, canaries)
            eventually(lambda: len(Repeating.bodies) >= 1, "the webhook refused", 60)
            seen = {page.partition("?")[0] for page in crawl(client, canaries)}
            assert seen >= {*SEEN}
            Repeating.refuses, mailbox.refuses = False, False
            refused = len(Repeating.bodies)
            eventually(
                lambda: sent_again(console) and mailbox.mails and len(Repeating.bodies) > refused,
                "a mail and a webhook are delivered",
                90,
                pause=0.5,
            )
            processes(console, canaries, in_environment=["smtp"])
            broken.unlink()
            assert console.api.post("services/child/restart").status_code == 202
            console.wait_for("child", "HEALTHY", seconds=60)
        assert ask_everything(console, canaries) > 20
        for name in NAMES:
            canaries.look(f"the page of {name}", client.get(f"/services/{name}/").content)
        assert len(frames) > 5
        canaries.look("mails", b"\n".join(mailbox.mails))
        canaries.look("webhook bodies", b"\n".join(Repeating.bodies))
    look_at_rows(console, canaries)
    canaries.look("live frames", "\n".join(frames) + json.dumps([json.loads(frame) for frame in frames]))
    canaries.look("the log of web and worker", console.output())
    assert console.stop() == 0
    for path in sorted(path for path in console.data_dir.rglob("*") if path.is_file()):
        canaries.look(f"file {path.relative_to(console.data_dir)} after the stop", path.read_bytes())
    assert canaries.finds == [], "\n".join(canaries.finds)


def sent_again(console: Console) -> bool:
    """Do not wait for the next attempt by itself."""
    for row in console.rows("SELECT id FROM lifecycle_delivery WHERE state = 'queued'"):
        console.api.post(f"deliveries/{row['id']}/replay")
    return True


def take_values_along(console: Console, client: httpx2.Client, canaries: Canaries) -> None:
    """Out with a passphrase by page and REST, back in with it and with a wrong one."""
    phrase = CANARIES["passphrase"]
    refused = post(client, "/versions/export/", agent="global_agent_store", passphrase=phrase, again="x")
    assert refused.status_code == 422
    canaries.look("a refused export", refused.content)
    paged = post(client, "/versions/export/", agent="global_agent_store", passphrase=phrase, again=phrase)
    given = console.api.post("mcp.json/export", json={"passphrase": phrase})
    for where, answer in (("page", paged), ("REST", given)):
        assert "scrypt" in answer.text
        canaries.look(f"the export with a passphrase by {where}", answer.content)
    for body in ({"passphrase": phrase}, {"passphrase": f"{CANARIES['typed']} and wrong"}):
        answer = console.api.post("imports", json={"document": given.json(), **body})
        canaries.look("an import with a passphrase", answer.content)
    changed = post(client, "/password/", old_password=CANARIES["typed"], new_password1="x", new_password2="x")
    assert changed.status_code == 422
    canaries.look("a refused password", changed.content)


def change_everything(console: Console, client: httpx2.Client, canaries: Canaries) -> None:
    """A change, a removal, a file edited by hand, exports, versions, a rollback, and a new key."""
    (first,) = console.rows("SELECT max(number) AS number FROM registry_configversion")
    before = str(first["number"])
    patched = console.api.patch("services/token", json={"description": "changed", "config": {"url": 7}})
    canaries.look("a refused change", patched.text)
    console.api.patch("services/token", json={"description": "changed"})
    console.api.delete("services/bearer")
    changed = (
        "SELECT number FROM registry_configversion WHERE number > ? AND document NOT LIKE '%\"bearer\"%'"
    )
    eventually(lambda: console.rows(changed, first["number"]), "a version of the change", 20)
    own = console.data_dir / "mcp.json"
    edited = json.loads(own.read_text())
    edited["mcpServers"]["token"]["headers"] = {"X-Edited": CANARIES["edited"]}
    own.write_text(json.dumps(edited))
    eventually(lambda: "mcp.json" in client.get("/versions/drift/").text, "the edit is seen", 20)
    canaries.look("the page about the edit", client.get("/versions/drift/").content)
    said = commands(
        console,
        canaries,
        ["mcpjson", "export"],
        ["mcpjson", "diff"],
        ["mcpjson", "diff", before],
        ["mcpjson", "import", str(own), "--dry-run"],
        ["mcpjson", "export", "--with-secrets"],
        ["mcpjson", "drift", "write"],
        ["mcpjson", "rollback", before],
        ["rotatekeys", "--settle", "0.5"],
        typed=CANARIES["passphrase"] + "\n",
    )
    assert "scrypt" in said
    assert "The key is changed" in said
