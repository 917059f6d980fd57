"""Connect a client: its page, its file, REST and the terminal, and what a scope leaves of them."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from registry.agents import operations as agents
from registry.models import AuditEntry, Role, Service
from registry.services import register
from tests.support.commands import run
from tests.support.pages import signed_in, text_of
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
SECRET = "sk-live-4711-very-secret"
ENTRIES = {
    "crm": {
        "type": "http",
        "url": "https://crm.example/mcp",
        "headers": {"Authorization": f"Bearer {SECRET}"},
    },
    "files": {"command": "files-mcp", "args": ["/srv"], "cwd": "/srv", "tags": ["team-a"]},
}


@pytest.fixture(autouse=True)
def _services(db: None) -> None:
    now = timezone.now()
    register.register({"mcpServers": ENTRIES}, by="ann", role=Role.ADMIN, now=now)
    agents.add("desk", ["files"], by="ann", now=now)


@pytest.fixture
def viewer() -> Client:
    return signed_in(Role.VIEWER)


def test_the_page_shows_the_file_where_it_goes_and_what_is_different(viewer: Client) -> None:
    page = viewer.get("/connect/?service=files&client=cursor").content.decode()
    assert "&quot;files-mcp&quot;" in page
    assert ".cursor/mcp.json" in page
    assert "its working directory /srv is not included: Cursor has no key for it" in page
    assert 'data-copies="client-text"' in page


def test_no_value_of_a_secret_is_shown_and_reading_leaves_no_row(viewer: Client) -> None:
    before = AuditEntry.objects.count()
    for client in ("vscode", "codex", "claude-desktop", "goose"):
        page = viewer.get(f"/connect/?client={client}").content.decode()
        file = viewer.get(f"/connect/file/?client={client}").content.decode()
        assert SECRET not in page + file
        assert "CRM_AUTHORIZATION" in page and "CRM_AUTHORIZATION" in file
    assert AuditEntry.objects.count() == before


def test_the_file_has_the_name_that_the_client_knows(viewer: Client) -> None:
    answer = viewer.get("/connect/file/?agent=desk&client=codex")
    assert answer["Content-Disposition"] == 'attachment; filename="config.toml"'
    assert tomllib.loads(answer.content.decode()) == {
        "mcp_servers": {"files": {"command": "files-mcp", "args": ["/srv"], "cwd": "/srv"}}
    }


@pytest.mark.parametrize("query", ["service=nobody", "agent=nobody", "client=klein", "service=a%00b"])
def test_what_there_is_not_is_not_found(viewer: Client, query: str) -> None:
    assert viewer.get(f"/connect/?{query}").status_code == 404
    assert viewer.get(f"/connect/file/?{query}").status_code == 404


def test_the_ways_to_it(viewer: Client) -> None:
    assert "/connect/?service=files" in viewer.get("/services/files/").content.decode()
    assert "/connect/?agent=desk" in viewer.get("/agents/desk/").content.decode()
    assert "/connect/" in viewer.get("/versions/").content.decode()
    assert "/connect/" in signed_in(Role.ADMIN).get("/versions/export/").content.decode()


def test_an_agent_without_services_is_told_what_to_do(viewer: Client) -> None:
    agents.add("empty", [], by="ann", now=timezone.now())
    assert "No services to connect" in viewer.get("/connect/?agent=empty").content.decode()


def test_rest_gives_the_file_with_its_notes_and_variables(viewer: Client) -> None:
    answer = viewer.get("/api/v1/services/crm/clients/vscode").json()
    assert json.loads(answer["text"])["servers"]["crm"]["headers"] == {
        "Authorization": "Bearer ${input:CRM_AUTHORIZATION}"
    }
    (variable,) = answer["variables"]
    assert (variable["name"], variable["service"]) == ("CRM_AUTHORIZATION", "crm")
    assert (answer["notes"], answer["file"]) == ([], "mcp.json")
    assert viewer.get("/api/v1/clients").json()["count"] == 16
    both = viewer.get("/api/v1/clients/cursor").json()["text"]
    assert list(json.loads(both)["mcpServers"]) == ["crm", "files"]
    one = viewer.get("/api/v1/clients/cursor?agent=desk").json()["text"]
    assert list(json.loads(one)["mcpServers"]) == ["files"]


@pytest.mark.parametrize(
    "path", ["services/crm/clients/klein", "services/nobody/clients/codex", "clients/klein"]
)
def test_rest_says_what_there_is_not(viewer: Client, path: str) -> None:
    answer = viewer.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in ("client_not_found", "service_not_found")


def shown(*words: str) -> Any:
    return json.loads(run("clients", "show", *words)[0])


def test_the_terminal_prints_the_file_alone_on_stdout() -> None:
    out, err = run("clients", "show", "files", "--for", "zed")
    assert json.loads(out)["context_servers"]["files"]["command"] == "files-mcp"
    assert "its working directory /srv is not included" in err
    assert list(shown("--all", "--for", "roo")["mcpServers"]) == ["crm", "files"]
    assert list(shown("--agent", "desk", "--for", "roo")["mcpServers"]) == ["files"]
    assert shown("crm", "--for", "codex", "--json")["language"] == "toml"
    assert "lm-studio" in run("clients", "list")[0]


@pytest.mark.parametrize("words", [(), ("files", "--all"), ("--all", "--agent", "desk")])
def test_the_terminal_wants_to_know_whose(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Name a service"):
        run("clients", "show", *words, "--for", "zed")


def test_the_terminal_names_the_clients_that_there_are() -> None:
    with pytest.raises(CommandError, match="Name one of claude-desktop, claude-code"):
        run("clients", "show", "files", "--for", "klein")


def test_an_entry_that_would_not_be_taken_today_is_left_out_and_named(viewer: Client) -> None:
    Service.objects.filter(name="files").update(entry={"url": "ftp://files.example"})
    answer = viewer.get("/api/v1/clients/cursor").json()
    assert list(json.loads(answer["text"])["mcpServers"]) == ["crm"]
    assert [note["service"] for note in answer["notes"]] == ["files"]
    assert "is omitted" in answer["notes"][0]["text"]


def test_a_scope_leaves_its_own_services_alone() -> None:
    limited = scoped_client(Role.VIEWER)
    assert limited.get("/connect/?service=crm").status_code == 404
    page = limited.get("/connect/?client=cursor").content.decode()
    assert "files-mcp" in page and "crm" not in page
    assert list(json.loads(limited.get("/api/v1/clients/cursor").json()["text"])["mcpServers"]) == ["files"]
    assert limited.get("/api/v1/services/crm/clients/cursor").status_code == 404


def test_a_page_of_very_many_services_stays_short(viewer: Client) -> None:
    many = {f"s{n}": {"command": "x", "env": {"KEY": f"value-{n}-{SECRET}"}} for n in range(400)}
    register.register({"mcpServers": many}, by="ann", role=Role.ADMIN, now=timezone.now())
    page = viewer.get("/connect/?client=zed").content.decode()
    assert page.count("<li><code>") == 200
    assert "and 201 more" in page


def test_an_operating_system_is_called_by_its_name_in_every_language(viewer: Client) -> None:
    viewer.cookies["language"] = "zh-hans"
    assert "<dt>Windows</dt>" in text_of(viewer.get("/connect/?client=claude-desktop"))
