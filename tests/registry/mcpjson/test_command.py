"""manage.py mcpjson and manage.py apitoken, as they are typed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.utils import timezone

from registry.access import tokens
from registry.mcpjson import image, secret_bundle
from registry.models import ApiToken, AuditEntry, Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from tests.support.commands import run
from tests.support.registering import NOW

pytestmark = pytest.mark.django_db


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


def understood(*more: str) -> list[str]:
    """What a dry run says of how an address was read."""
    lines = [
        "transport: streamable-http: no type is given, so it is assumed",
        "time limits: as its profile says",
        *more,
        "runs: yes",
    ]
    return [f"{'':<15} {line}" for line in lines]


def test_a_dry_run_is_a_readable_table_and_changes_nothing(document: str) -> None:
    out, _ = run("mcpjson", "import", document, "--dry-run", code=3)
    assert out.splitlines() == [
        "OUTCOME         NAME TRANSPORT       ENDPOINT OR PROBLEM",
        "will be added   good streamable-http https://example.org/mcp",
        *understood(),
        "asks a value    asks streamable-http mcpServers.asks: needs a value for TOKEN. Give it, and save",
        *understood("headers: Authorization"),
        f"{'invalid         bad':<37}mcpServers.bad: has both url and command. Keep the one that is meant",
        "read as mcp.json of no particular client",
        "asks for TOKEN",
        "1 will be added, 1 asks a value, 1 invalid",
    ]
    assert not Service.objects.exists()


def test_a_dry_run_shows_what_changes_what_is_read_otherwise_and_what_it_leaves_alone(tmp_path: Path) -> None:
    old = {"mcpServers": {"a": {"command": "x", "env": {"K": "canary"}}, "b": {"command": "y"}}}
    register.register(old, by="ann", role=Role.ADMIN, now=NOW)
    (tmp_path / "new.json").write_text('{"a": {"command": "x", "args": [8080], "env": {"K": "canary2"}}}')
    words = ("mcpjson", "import", str(tmp_path / "new.json"), "--dry-run")
    out, _ = run(*words)
    assert "mcpServers" not in out
    assert "a.args[0]: is a number, read as text" in out
    assert "+     8080" in out
    assert "canary" not in out
    assert out.splitlines()[-2].split(maxsplit=2) == ["kept", "b", "is not in it"]
    assert run(*words, "--replace")[0].splitlines()[-2].split() == ["will", "be", "removed", "b"]
    assert Service.objects.listed().count() == 2


def test_a_name_that_is_not_possible_is_bettered_by_an_option(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"a=b c": {"url": "https://example.org/mcp"}}')
    words = ("mcpjson", "import", str(tmp_path / "odd.json"))
    assert 'for instance "a-b-c"' in run(*words, "--dry-run", code=1)[0]
    assert run(*words, "--rename", "a=b c=a-b-c")[0].split() == ["created", "a-b-c"]
    with pytest.raises(CommandError, match="no entry 'zz'"):
        run(*words, "--rename", "zz=q", "--dry-run")
    for bad in ("x", "=x", ""):
        with pytest.raises(CommandError, match="OLD=NEW"):
            run(*words, "--rename", bad)


def test_a_value_once_given_is_reused_where_its_name_is_asked_for(document: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text('{"TOKEN": "v"}')
    run("mcpjson", "import", document, "--values", str(tmp_path / "values.json"), code=3)
    (tmp_path / "more.json").write_text('{"more": {"url": "https://example.org/", "auth": "%TOKEN%"}}')
    assert run("mcpjson", "import", str(tmp_path / "more.json"))[0].split() == ["created", "more"]
    assert vault.reveal(register.get("more")).auth == "v"


def test_without_a_file_everything_in_the_mcp_json_is_imported(tmp_path: Path) -> None:
    (tmp_path / "mcp.json").write_text('{"mcpServers": {"a": {"url": "https://example.org/mcp"}}}')
    assert run("mcpjson", "import")[0].split() == ["created", "a"]
    assert run("mcpjson", "drift")[0] == "mcp.json is as the console wrote it.\n"


def test_a_list_of_names_starts_the_known_ones(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document, code=3)
    Service.objects.update(desired="stopped")
    (tmp_path / "names.json").write_text('["good", "nobody"]')
    out, err = run("mcpjson", "import", str(tmp_path / "names.json"), code=3)
    assert out.split() == ["updated", "good", "invalid", "nobody"]
    assert "is not a known service" in err
    assert register.get("good").desired == "running"


def test_versions_are_listed_and_a_hand_edit_is_decided(tmp_path: Path) -> None:
    register.register({"a": {"url": "https://a.example/"}}, by="ann", role=Role.ADMIN, now=NOW)
    image.export_pending(author="ann", now=NOW)
    (line,) = run("mcpjson", "versions")[0].splitlines()[1:]
    assert line.split() == ["1", "2026-11-21", "09:00:00Z", "ann", "added", "a"]
    file = tmp_path / "mcp.json"
    ours = file.read_text()
    file.write_text(ours.replace("a.example", "b.example"))
    assert "edited by hand" in run("mcpjson", "drift", code=1)[1]
    assert run("mcpjson", "drift", "write")[0] == ""
    assert file.read_text() == ours
    file.write_text(ours.replace("a.example", "b.example"))
    assert run("mcpjson", "drift", "take")[0].split() == ["updated", "a"]
    assert register.get("a").endpoint == "https://b.example/"
    assert run("mcpjson", "drift")[0] == "mcp.json is as the console wrote it.\n"


def test_a_large_import_says_how_far_it_is(tmp_path: Path) -> None:
    entries = {f"s{n}": {"url": "https://example.org/mcp"} for n in range(1100)}
    (tmp_path / "large.json").write_text(json.dumps(entries))
    out, err = run("mcpjson", "import", str(tmp_path / "large.json"))
    assert err == "500 of 1,100 entries\r1,000 of 1,100 entries\r1,100 of 1,100 entries\n"
    assert len(out.splitlines()) == Service.objects.count() == 1100


def test_an_import_saves_the_good_reports_the_bad_and_exports(document: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text('{"TOKEN": "v"}')
    out, err = run("mcpjson", "import", document, "--values", str(tmp_path / "values.json"), code=3)
    assert out.split() == ["created", "good", "created", "asks", "invalid", "bad"]
    assert "has both url and command" in err
    assert vault.reveal(register.get("asks")).auth == "v"
    assert list(json.loads((tmp_path / "mcp.json").read_text())["mcpServers"]) == ["good", "asks"]
    assert json.loads(run("mcpjson", "export")[0]) == json.loads((tmp_path / "mcp.json").read_text())


def test_replacing_removes_what_the_document_does_not_name(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document, code=3)
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
        ('{"a": {"url": "x"}}', "No entry can be saved"),
        (" " * 2_000_000, "larger than 1 MiB"),
    ],
)
def test_a_document_that_gives_nothing_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(CommandError, match=said):
        run("mcpjson", "import", str(tmp_path / "bad.json"))
    with pytest.raises(CommandError, match="No such file"):
        run("mcpjson", "import", str(tmp_path / "missing.json"))


def test_a_document_that_names_no_service_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text('{"mcpServers": {}}')
    assert run("mcpjson", "import", str(tmp_path / "empty.json"))[0].startswith("nothing: ")


def test_a_hand_edit_is_shown_as_a_diff_and_a_version_comes_back(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document, code=3)
    assert run("mcpjson", "diff") == ("", "")
    file = tmp_path / "mcp.json"
    file.write_text(file.read_text().replace("example.org", "other.example"))
    out, _ = run("mcpjson", "diff")
    assert '-      "url": "https://example.org/mcp"' in out
    assert '+      "url": "https://other.example/mcp"' in out
    run("mcpjson", "import", str(file))
    assert register.get("good").endpoint == "https://other.example/mcp"
    assert "+++ after" in run("mcpjson", "diff", "1", "2")[0]
    assert run("mcpjson", "rollback", "1")[0].split() == ["updated", "good"]
    assert register.get("good").endpoint == "https://example.org/mcp"
    with pytest.raises(CommandError, match="no version 7"):
        run("mcpjson", "rollback", "7")
    with pytest.raises(CommandError, match="no agent"):
        run("mcpjson", "export", "--agent", "x")


def locked_export(monkeypatch: pytest.MonkeyPatch, into: Path) -> None:
    """Written by the command, its passphrase typed; the console is then empty."""
    entry = {"url": "https://example.org/mcp", "headers": {"K": "canary"}}
    register.register({"a": entry}, by="ann", role=Role.ADMIN, now=NOW)
    monkeypatch.setattr("sys.stdin", io.StringIO("long enough so\n"))
    out, _ = run("mcpjson", "export", "--with-secrets")
    assert "canary" not in out
    into.write_text(out)
    Service.objects.all().delete()


def test_values_leave_and_come_back_with_the_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, right = tmp_path / "taken.json", tmp_path / "right"
    locked_export(monkeypatch, taken)
    right.write_text("long enough so\r\nnot this line\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("another one\n"))
    with pytest.raises(CommandError, match="secrets: does not open with this passphrase"):
        run("mcpjson", "import", str(taken))
    assert not Service.objects.exists()
    run("mcpjson", "import", str(taken), "--passphrase-file", str(right))
    assert vault.reveal(register.get("a")).headers == {"K": "canary"}
    again, _ = run("mcpjson", "export", "--with-secrets", "--passphrase-file", str(right))
    assert secret_bundle.values(again, "long enough so") == {"a.headers.K": "canary"}


def test_a_locked_mcp_json_is_taken_with_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked_export(monkeypatch, tmp_path / "taken.json")
    Secret.objects.all().delete()
    register.register({"b": {"url": "https://b.example/"}}, by="ann", role=Role.ADMIN, now=NOW)
    image.export_pending(author="ann", now=NOW)
    (tmp_path / "mcp.json").write_bytes((tmp_path / "taken.json").read_bytes())
    monkeypatch.setattr("sys.stdin", io.StringIO("another one\n"))
    with pytest.raises(CommandError, match="does not open"):
        run("mcpjson", "drift", "take")
    assert register.get("b")
    monkeypatch.setattr("sys.stdin", io.StringIO("long enough so\n"))
    assert run("mcpjson", "drift", "take")[0].split() == ["created", "a", "removed", "b"]
    assert vault.reveal(register.get("a")).headers == {"K": "canary"}
    assert "canary" not in (tmp_path / "mcp.json").read_text()


def test_the_mcp_json_itself_is_imported_with_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked_export(monkeypatch, tmp_path / "mcp.json")
    Secret.objects.all().delete()
    monkeypatch.setattr("sys.stdin", io.StringIO("long enough so\n"))
    assert run("mcpjson", "import")[0].split() == ["created", "a"]
    assert vault.reveal(register.get("a")).headers == {"K": "canary"}


def test_an_export_that_no_import_takes_says_so(tmp_path: Path) -> None:
    entries = {f"s{n}": {"url": f"https://example.org/{'x' * 1000}"} for n in range(1100)}
    register.register(entries, by="ann", role=Role.ADMIN, now=NOW, limit=image.LARGEST)
    out, err = run("mcpjson", "export")
    assert len(json.loads(out)["mcpServers"]) == 1100
    assert "larger than an import may be" in err


def test_a_dry_run_of_names_says_who_is_started(document: str, tmp_path: Path) -> None:
    run("mcpjson", "import", document, code=3)
    Service.objects.update(desired="stopped")
    (tmp_path / "names.json").write_text('["good"]')
    out, _ = run("mcpjson", "import", str(tmp_path / "names.json"), "--dry-run")
    assert out.splitlines()[1].startswith("will be started good")
    assert out.count("will be started") == 2, "once in its line, once in the count"
    assert register.get("good").desired == "stopped"


def test_a_locked_document_from_standard_input_needs_a_file_for_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "taken.json"
    locked_export(monkeypatch, taken)
    piped = io.TextIOWrapper(io.BytesIO(taken.read_bytes()))
    monkeypatch.setattr("sys.stdin", piped)
    with pytest.raises(CommandError, match="--passphrase-file"):
        run("mcpjson", "import", "-")
    assert not Service.objects.exists()


def test_a_passphrase_that_is_mistyped_the_second_time_exports_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = iter(["long enough so", "long enough sp"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    with pytest.raises(CommandError, match="do not match"):
        run("mcpjson", "export", "--with-secrets")
    assert not AuditEntry.objects.filter(action="secrets exported").exists()


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


def test_tokens_are_listed_without_their_values_and_revoked_by_number() -> None:
    User.objects.create_superuser("root")
    User.objects.create_user("ann")
    token = run("apitoken", "ann", "--name", "ci \x1b[2J", "--days", "30")[0].strip()
    kept = run("apitoken", "root", "--days", "0")[0].strip()
    shown = run("apitoken", "--list")[0]
    assert token not in shown and kept not in shown
    assert "ann" in shown and "never" in shown and r"ci \x1b[2J" in shown
    assert "root" not in run("apitoken", "ann", "--list")[0]
    number = str(ApiToken.objects.get(user__username="ann").pk)
    assert "is revoked" in run("apitoken", "--revoke", number)[0]
    now = timezone.now()
    assert tokens.find(token, now) is None
    assert tokens.find(kept, now) is not None
    for bad in (("--revoke", number), ("ann", "--days", "-1"), ()):
        with pytest.raises(CommandError):
            run("apitoken", *bad)


@pytest.mark.parametrize("said", [["--client", "cline"], ["--read", "a=s", "--read", "a=sse"]])
def test_an_import_hears_whose_document_it_is_and_how_an_entry_is_meant(
    said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "given.json").write_text(
        '{"mcpServers": {"a": {"url": "https://a.example", "timeout": 1800}}}'
    )
    words = ("mcpjson", "import", str(tmp_path / "given.json"), *said)
    out, _ = run(*words, "--dry-run")
    assert "transport: sse: " in out
    assert "call 1,800 s" in out
    run(*words)
    config = vault.reveal(register.get("a"))
    assert (config.transport, config.timeout) == ("sse", 1800)
    assert "no entry 'b'" in run("mcpjson", "import", words[2], "--read", "b=s", code=1)[1]
