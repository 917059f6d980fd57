"""A form, REST, the command line and a hand edit change the configuration at once, and none of it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx2
import pytest

from tests.support.console import Console, ConsoleStarter, eventually

pytestmark = pytest.mark.timeout(240)
URL = "https://mcp.example.org/mcp"
STOPPED = {"url": URL, "disabled": True}
ROUNDS = 2


class Controls(HTMLParser):
    """What a browser would send of a page's forms, as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._text = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        name = given.get("name", "")
        chosen = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if tag == "input" and name and chosen:
            self.values[name] = given.get("value", "")
        elif tag in ("textarea", "select") and name:
            self.values[name] = ""
            self._text, self._select = (name, "") if tag == "textarea" else ("", name)
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.values[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""


class Person:
    """Somebody who fills in forms, as a browser sends them."""

    def __init__(self, console: Console) -> None:
        self.client = httpx2.Client(base_url=console.address, timeout=60, trust_env=False)
        form = Controls(self.client.get("/login/").text).values
        signed = {**form, "username": "admin", "password": console.password}
        assert self.client.post("/login/", data=signed).status_code == 302
        self.conflicts = 0

    def describe(self, text: str) -> None:
        """Save a description; where somebody was faster, look at what they did and save again."""
        while True:
            form = Controls(self.client.get("/services/shared/edit/").text).values
            answer = self.client.post("/services/shared/edit/", data={**form, "description": text})
            if answer.status_code == 302:
                return
            assert answer.status_code == 409, answer.text
            assert text in answer.text and 'class="diff' in answer.text, "both values are shown"
            self.conflicts += 1


def edit_by_hand(console: Console, name: str) -> None:
    """Add an entry to the file, look at what that would do, and take it; begin anew where it was too old."""
    file, api = console.data_dir / "mcp.json", console.api
    while True:
        content = json.loads(file.read_text())
        content["mcpServers"][name] = STOPPED
        draft = file.with_name("by-hand")
        draft.write_text(json.dumps(content, indent=4))
        draft.replace(file)
        look = api.get("drift").json()
        if not look["drifted"]:
            continue
        meant = [row["name"] for row in look["results"]] == [name] and not look["removed"]
        answer = api.post(f"drift/{'take' if meant else 'write'}", json={"seen": look["seen"]})
        if meant and answer.status_code == 200:
            assert answer.json()["results"] == [{"name": name, "outcome": "created"}]
            return


def import_file(console: Console, name: str, place: Path) -> None:
    path = place / f"{name}.json"
    path.write_text(json.dumps({"mcpServers": {name: STOPPED}}))
    assert name in console.manage("mcpjson", "import", str(path)).stdout


def tag(console: Console, text: str) -> None:
    assert console.api.patch("services/shared", json={"tags": [text]}).status_code == 200


def all_at_once(*acts: Callable[[], None]) -> None:
    barrier, failed = Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], None]) -> None:
        barrier.wait()
        try:
            act()
        except BaseException as exc:
            failed.append(exc)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_four_ways_to_edit_lose_nothing(
    database: str, start_console: ConsoleStarter, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    more = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if database == "postgresql" else {}
    console = start_console(**more)
    console.register(shared={**STOPPED, "x-odd": [1]})
    eventually(lambda: (console.data_dir / "mcp.json").exists(), "the first export")
    person, expected = Person(console), {"shared"}
    request.addfinalizer(person.client.close)
    for number in range(ROUNDS):
        all_at_once(
            partial(person.describe, f"form-{number}"),
            partial(tag, console, f"rest-{number}"),
            partial(import_file, console, f"cli-{number}", tmp_path),
            partial(edit_by_hand, console, f"hand-{number}"),
        )
        expected |= {f"cli-{number}", f"hand-{number}"}
        found: dict[str, Any] = console.api.get("mcp.json").json()["mcpServers"]
        assert found.keys() == expected
        assert (found["shared"]["description"], found["shared"]["tags"]) == (
            f"form-{number}",
            [f"rest-{number}"],
        )
        assert found["shared"]["x-odd"] == [1]
    file = console.data_dir / "mcp.json"
    eventually(lambda: json.loads(file.read_text())["mcpServers"] == found, "the file has it all")
    assert not console.api.get("drift").json()["drifted"]
