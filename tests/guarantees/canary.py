"""Values that must be found nowhere, and everywhere to look for them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urljoin

import httpx2

from tests.support.console import Console

SKIPPED = ("/logout/", "/static/", "/help/")
LINK = re.compile(r'(?:href|hx-get|src)="(/[^"]*)"')
PAGES_AT_MOST = 400


@lru_cache
def forms(value: str) -> tuple[bytes, ...]:
    """The ways in which a value could be written and still be read."""
    found = {value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value)}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    data = value.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        found.add(encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6])
    return tuple(form.encode() for form in found)


@dataclass
class Canaries:
    """Each has a name that says where it was planted."""

    values: dict[str, str]
    finds: list[str] = field(default_factory=list)

    def look(self, where: str, content: bytes | str, *, but: Iterable[str] = ()) -> None:
        """Note every canary that *content* holds, in whatever form."""
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        for name, value in self.values.items():
            if name in but:
                continue
            for form in forms(value):
                if form in data:
                    at = data.index(form)
                    beside = data[max(at - 60, 0) : at + 60]
                    self.finds.append(f"{name} ({form!r}) in {where}: …{beside!r}…")
                    break


def signed_in(console: Console) -> httpx2.Client:
    """A browser's session, without a browser."""
    client = httpx2.Client(base_url=console.address, timeout=60, trust_env=False, follow_redirects=True)
    client.get("/login/")
    form = {
        "username": "admin",
        "password": console.password,
        "csrfmiddlewaretoken": client.cookies["csrftoken"],
    }
    answer = client.post("/login/", data=form, headers={"Referer": console.address})
    assert answer.status_code == 200
    assert "sessionid" in client.cookies
    return client


def post(client: httpx2.Client, path: str, **form: str) -> httpx2.Response:
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
    return client.post(path, data={**form, **token}, headers={"Referer": str(client.base_url)})


def crawl(client: httpx2.Client, canaries: Canaries) -> set[str]:
    """Look at every page that a link of a page leads to; their addresses."""
    waiting, seen = ["/"], {"/"}
    while waiting and len(seen) < PAGES_AT_MOST:
        path = waiting.pop(0)
        answer = client.get(path)
        canaries.look(f"page {path}", answer.content)
        canaries.look(f"headers of {path}", str(answer.headers))
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for link in LINK.findall(answer.text):
            target = urljoin(path, html.unescape(link)).partition("#")[0]
            if target not in seen and not target.startswith(SKIPPED):
                seen.add(target)
                waiting.append(target)
    return seen


def ask_everything(console: Console, canaries: Canaries) -> int:
    """Look at the answer to every GET of the REST API; how many there were."""
    count = 0
    described = console.api.get("openapi.json").json()
    names = [row["name"] for row in console.api.get("services").json()["results"]]
    commands = [row["id"] for row in console.rows("SELECT id FROM lifecycle_command")]
    for path, methods in described["paths"].items():
        if "get" not in methods:
            continue
        for filled in _filled(path.removeprefix("/api/v1/"), names, commands):
            answer = console.api.get(filled)
            assert answer.status_code < 500, (filled, answer.text)
            canaries.look(f"REST {filled}", unquote(answer.text) + answer.text)
            count += 1
    return count


def _filled(path: str, names: list[str], commands: list[int]) -> list[str]:
    if "{command" in path or path.startswith("commands/"):
        return [re.sub(r"\{[^}]*\}", str(pk), path) for pk in commands]
    if path.startswith("services/"):
        return [re.sub(r"\{[^}]*\}", name, path) for name in names]
    return [re.sub(r"\{[^}]*\}", "1", path)]


COMMANDS = """
from django.core.management import call_command

for words in {given!r}:
    print("$", *words, flush=True)
    call_command(*words)
"""


def commands(console: Console, canaries: Canaries, *given: list[str], typed: str = "") -> str:
    """Run these of `manage.py` in one process, since Django takes seconds to start; what they said."""
    code = COMMANDS.format(given=given)
    done = console.manage("shell", "--verbosity", "0", "-c", code, stdin=typed)
    canaries.look(f"the output of {given}", done.stdout + done.stderr)
    return done.stdout


def look_at_rows(console: Console, canaries: Canaries) -> None:
    """Every column of every table, and the files of the database as they are now."""
    for table in console.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in console.rows(f'SELECT * FROM "{table["name"]}"'):
            canaries.look(f"table {table['name']}", str(row) + json.dumps(row, default=str))
    for path in console.data_dir.glob("mcpstore.sqlite3*"):
        canaries.look(path.name, path.read_bytes())


def processes(console: Console, canaries: Canaries, *, in_environment: Iterable[str]) -> None:
    """Command lines and environments of the console's own processes, not of the servers it started."""
    for command in ("serve", "runlifecycle"):
        process = console.process_running(command)
        assert process is not None
        canaries.look(f"command line of {command}", "\0".join(process.cmdline()))
        canaries.look(f"environment of {command}", str(process.environ()), but=in_environment)
