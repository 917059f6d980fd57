"""manage.py mcpjson and manage.py apitoken, as they are typed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from registry import registration, secrets
from registry.access import tokens
from registry.models import Role, Service
from tests.registry.conftest import NOW

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def document(tmp_path: Path) -> str:
    file = tmp_path / "given.json"
    entries = {
        "good": {"url": "https://example.org/mcp"},
        "asks": {"url": "https://example.org/mcp", "auth": "${TOKEN}"},
        "bad": {"url": "https://example.org/mcp", "command": "x"},
    }
    file.write_text(json.dumps({"mcpServers": entries}))
    return str(file)


def test_a_dry_run_is_a_readable_table_and_changes_nothing(document: str) -> None:
    out, _ = run("mcpjson", "import", document, "--dry-run")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [
        ["added", "good"],
        ["asks", "asks"],
        ["invalid", "bad"],
    ]
    assert "mcpServers.bad: has both url and command" in out
    assert not Service.objects.exists()


def test_an_import_saves_the_good_reports_the_bad_and_exports(document: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text('{"TOKEN": "v"}')
    out, err = run("mcpjson", "import", document, "--values", str(tmp_path / "values.json"))
    assert out.split() == ["created", "good", "created", "asks", "invalid", "bad"]
    assert "has both url and command" in err
    assert secrets.reveal(registration.get("asks")).auth == "v"
    assert list(json.loads((tmp_path / "mcp.json").read_text())["mcpServers"]) == ["good", "asks"]
    assert json.loads(run("mcpjson", "export")[0]) == json.loads((tmp_path / "mcp.json").read_text())


def test_replacing_removes_what_the_document_does_not_name(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document)
    (tmp_path / "other.json").write_text('{"only": {"url": "https://example.org/"}}')
    assert run("mcpjson", "import", str(tmp_path / "other.json"), "--replace")[0].split() == [
        "created",
        "only",
        "removed",
        "good",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('{"a": {"command": 3}}', "no MCP server"),
        ('{"a": {"url": "x"}}', "No entry could be saved"),
        (" " * 2_000_000, "larger than 1 MiB"),
    ],
)
def test_a_document_that_gives_nothing_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(CommandError, match=said):
        run("mcpjson", "import", str(tmp_path / "bad.json"))
    with pytest.raises(CommandError, match="No such file"):
        run("mcpjson", "import", str(tmp_path / "missing.json"))


def test_a_hand_edit_is_shown_as_a_diff_and_a_version_comes_back(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document)
    assert run("mcpjson", "diff") == ("", "")
    file = tmp_path / "mcp.json"
    file.write_text(file.read_text().replace("example.org", "other.example"))
    out, _ = run("mcpjson", "diff")
    assert '-      "url": "https://example.org/mcp"' in out
    assert '+      "url": "https://other.example/mcp"' in out
    run("mcpjson", "import", str(file))
    assert registration.get("good").endpoint == "https://other.example/mcp"
    assert "+++ after" in run("mcpjson", "diff", "1", "2")[0]
    assert run("mcpjson", "rollback", "1")[0].split() == ["updated", "good"]
    assert registration.get("good").endpoint == "https://example.org/mcp"
    with pytest.raises(CommandError, match="no version 7"):
        run("mcpjson", "rollback", "7")
    with pytest.raises(CommandError, match="no agent"):
        run("mcpjson", "export", "--agent", "x")


def test_values_leave_and_come_back_with_the_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"url": "https://example.org/mcp", "headers": {"K": "canary"}}
    registration.register({"a": entry}, by="ann", role=Role.ADMIN, now=NOW)
    monkeypatch.setattr("sys.stdin", io.StringIO("long enough\n" * 2))
    out, _ = run("mcpjson", "export", "--with-secrets")
    assert "canary" not in out
    (tmp_path / "taken.json").write_text(out)
    Service.objects.all().delete()
    run("mcpjson", "import", str(tmp_path / "taken.json"))
    assert secrets.reveal(registration.get("a")).headers == {"K": "canary"}


def test_a_token_is_printed_once_with_the_users_role() -> None:
    User.objects.create_superuser("root")
    User.objects.create_user("ann")
    for words, role in (
        (("root",), Role.ADMIN),
        (("root", "--role", "viewer"), Role.VIEWER),
        (("ann",), Role.VIEWER),
    ):
        found = tokens.find(run("apitoken", *words)[0].strip(), NOW)
        assert found is not None
        assert found.role == role
    for bad in (("nobody",), ("ann", "--role", "admin")):
        with pytest.raises(CommandError):
            run("apitoken", *bad)
