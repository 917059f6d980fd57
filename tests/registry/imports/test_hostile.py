"""Each hostile document by each way in: page, upload, REST, command line and Python. All say the same."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from mcpstore_site.store import MCPStore
from registry.access import tokens
from registry.core.documents import dialects, reading
from registry.errors import InvalidConfigError
from registry.imports import import_run
from registry.imports import preview as import_preview
from registry.mcpjson import image
from registry.models import Role, Service
from registry.services import register

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"
MB = 1024 * 1024


def doc(text: str, name: str = "x") -> bytes:
    return f'{{"mcpServers": {{"{name}": {text}}}}}'.encode()


def with_url(more: str) -> bytes:
    return doc(f'{{"url": "{URL}", {more}}}')


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (new, new, b",".join([b"*%c" % old] * 9)) for old, new in pairwise(b"abcdefghij")
)
# what -> the document, where it is wrong, a word of what is said
CASES: dict[str, tuple[bytes, str, str]] = {
    "twice a name": (b'{"mcpServers": {"x": {"url": "https://a.org"}, "x": {}}}', "mcpServers.x", "twice"),
    "twice a key": (with_url('"url": "https://b.org"'), "mcpServers.x.url", "twice"),
    "twice the wrapper": (b'{"mcpServers": {}, "mcpServers": {}}', "mcpServers", "twice"),
    "twice deep inside": (with_url('"more": {"a": [{"b": 1, "b": 2}]}'), "mcpServers.x.more.a[0].b", "twice"),
    "over 1 MiB": (with_url('"a": "' + "a" * MB + '"'), "document", "1 MiB"),
    "nested 17": (with_url('"a": ' + "[" * 15 + "]" * 15), "document", "16"),
    "nested 10,000": (with_url('"a": ' + "[" * 10_000 + "]" * 10_000), "document", "16"),
    "only brackets": (b"[" * 10_000, "document", "16"),
    "TOML of dots": (b"[mcp_servers." + b"a." * 100_000 + b'a]\nurl="x"', "document", "16"),
    "TOML of brackets": (b"[mcp_servers.a]\nx = " + b"[" * 10_000, "document", "16"),
    "NaN": (with_url('"timeout": NaN'), "mcpServers.x.timeout", "NaN"),
    "Infinity": (with_url('"timeout": -Infinity'), "mcpServers.x.timeout", "Infinity"),
    "1e999": (with_url('"timeout": 1e999'), "mcpServers.x.timeout", "infinite number"),
    "a number of 5,000 digits": (with_url('"a": ' + "9" * 5000), "mcpServers.x.a", "18 digits"),
    "half a character": (with_url('"description": "\\ud83d"'), "mcpServers.x.description", "surrogate"),
    "half a character as a key": (with_url('"\\ud83d": 1'), "mcpServers.x", "surrogate"),
    "half a character as a name": (doc(f'{{"url": "{URL}"}}', "\\ud83d"), "mcpServers", "surrogate"),
    "NUL": (doc('{"command": "a\\u0000b"}'), "mcpServers.x.command", "NUL"),
    "NUL itself": (doc('{"command": "a\0b"}'), "document", "NUL"),
    "NUL in a name": (doc(f'{{"url": "{URL}"}}', "a\\u0000b"), "mcpServers", "NUL"),
    "name of 10,000 letters": (doc(f'{{"url": "{URL}"}}', "n" * 10_000), "mcpServers", '"' + "n" * 64 + '"'),
    "name with a slash": (doc(f'{{"url": "{URL}"}}', "../../etc"), "mcpServers", '"etc"'),
    "name with spaces": (doc(f'{{"url": "{URL}"}}', " my  server "), "mcpServers", '"my-server"'),
    "name of dots": (doc(f'{{"url": "{URL}"}}', ".."), "mcpServers", '"service"'),
    "name of foreign letters": (doc(f'{{"url": "{URL}"}}', "w\u0435ather"), "mcpServers", '"weather"'),
    "name that runs backwards": (doc(f'{{"url": "{URL}"}}', "a\u202ecod"), "mcpServers", '"acod"'),
    "empty name": (doc(f'{{"url": "{URL}"}}', ""), "mcpServers", "no name"),
    "UTF-16 without a mark": (doc('{"url": "a"}').decode().encode("utf-16-le"), "document", "UTF-16"),
    "UTF-16 cut in half": (b"\xff\xfe" + b"{\0\x00\xd8", "document", "UTF-16"),
    "Latin-1": (with_url('"description": "é"').decode().encode("latin-1"), "document", "UTF-8"),
    "no JSON": (b'{"mcpServers": {"x": {', "document", "not JSON"),
    "text without an end": (b'{"mcpServers": {"x', "document", "does not end"),
    "prototype as a wrapper": (b'{"__proto__": {"mcpServers": {}}, "a": 1}', "document", "no MCP server"),
    "url and command": (with_url('"command": "sh"'), "mcpServers.x", "both url and command"),
    "an address that is none": (doc('{"url": "javascript:alert(1)"}'), "mcpServers.x.url", "http"),
    "an address with a line end": (doc('{"url": "https://a.org/\\r\\nX: y"}'), "mcpServers.x.url", ""),
    "a header with a line end": (
        with_url('"headers": {"A": "b\\r\\nC: d"}'),
        "mcpServers.x.headers.A",
        "character",
    ),
    "too many values": (b"[" + b"1," * 500_000 + b"1]", "document", "values"),
    "YAML of aliases": (BOMB, "document", "values"),
    "YAML of brackets": (b"mcpServers: " + b"[" * 10_000, "document", "16"),
    "YAML with a tag": (
        b"mcpServers:\n  x: {url: !!python/name:os.system x}",
        "mcpServers.x.url",
        "YAML tag",
    ),
    "a pipe of a shell": (b"npx -y x | tee y", "document", "shell"),
    "a bundle without a command": (b'{"manifest_version": "0.4", "server": {}}', "server", "mcp_config"),
    "a TAB in a path": (
        doc(r'{"command": "c:\temp\tool"}'),
        "mcpServers.x.command",
        "TAB",
    ),
    "too many entries": (b"[" + b'"a",' * 25_000 + b'"a"]', "document", "entries"),
}


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("root")


def by_page(data: bytes, admin: User, path: Path) -> str:
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    answer = client.post(
        "/import/", {"file": SimpleUploadedFile("mcp.json", data)}, headers={"HX-Request": "true"}
    )
    return answer.content.decode()


def by_paste(data: bytes, admin: User, path: Path) -> str:
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    text = data.decode("utf-8", "replace")
    return client.post("/import/", {"text": text}, headers={"HX-Request": "true"}).content.decode()


def by_rest(data: bytes, admin: User, path: Path) -> str:
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().post("/api/v1/services", data, "application/json", headers=headers)
    assert answer.status_code in (413, 422)
    error = answer.json()["error"]
    return f"{error['where']}: {error['message']}"


def by_command(data: bytes, admin: User, path: Path) -> str:
    path.write_bytes(data)
    said = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("mcpjson", "import", str(path), stdout=said, stderr=said)
    return said.getvalue() + str(refused.value)


def by_python(data: bytes, admin: User, path: Path) -> str:
    with pytest.raises(InvalidConfigError) as refused:
        MCPStore.setup_store().for_store().add_service(data)
    return str(refused.value)


@pytest.mark.parametrize("case", CASES)
def test_every_way_in_refuses_it_with_the_same_words(case: str, admin: User, tmp_path: Path) -> None:
    data, where, word = CASES[case]
    for way in (by_page, by_paste, by_rest, by_command, by_python):
        said = way(data, admin, tmp_path / "given.json")
        shown = way in (by_page, by_paste)
        if way is by_paste and (case.startswith("UTF-16") or case == "Latin-1"):
            continue  # what is pasted is text already
        assert (escape(where) if shown else where) in said, way.__name__
        assert (escape(word) if shown else word) in said, way.__name__
        assert "Traceback" not in said
    assert not Service.objects.exists()


def deep(levels: int) -> Any:
    tree: Any = {}
    for _ in range(levels):
        tree = {"a": tree}
    return tree


def endless() -> Any:
    tree: dict[str, Any] = {"url": URL}
    tree["self"] = tree
    return tree


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (deep(10_000), "16 levels"),
        ({"x": endless()}, "16 levels"),
        ({"x": {"url": URL, "timeout": float("nan")}}, "NaN"),
        ({"x": {"url": URL, "description": "\ud83d"}}, "surrogate"),
        ({"x": {"url": URL, "more": {1, 2}}}, "not made of JSON"),
        ({"x": {"url": URL, "more": b"x"}}, "not made of JSON"),
        ({"x": {"url": URL, "more": "y" * 2 * MB}}, "1 MiB"),
        (["a"] * 2_000_000, "1 MiB"),
    ],
)
def test_values_from_python_are_held_to_the_same(value: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=said):
        MCPStore.setup_store().for_store().add_service(value)
    assert not Service.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_says_its_encoding_is_read(encoding: str) -> None:
    (found,) = dialects.find(doc('{"command": "caf\u00e9"}').decode().encode(encoding)).found
    assert found.raw == {"command": "caf\u00e9"}


@pytest.mark.parametrize("name", ["__proto__", "constructor", "prototype", "-rf", "CON", "null"])
def test_a_name_that_means_something_elsewhere_is_a_name_here(name: str, admin: User) -> None:
    register.register(doc(f'{{"url": "{URL}"}}', name), by="x", role=Role.ADMIN, now=timezone.now())
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/services/{name}/").status_code == 200
    assert name in client.get("/services/").content.decode()
    assert image.document()["mcpServers"][name] == {"url": URL}


def test_names_that_are_easily_confused_are_told_of_and_taken() -> None:
    bring = {"weather": {"url": URL}, "maps_1": {"url": URL}}
    register.register(bring, by="x", role=Role.ADMIN, now=timezone.now())
    new = {"Weather": {"url": URL}, "maps-1": {"url": URL}, "far": {"url": URL}, "weather": {"url": URL}}
    seen = import_preview.preview(new | {"Far": {"url": URL}}).rows
    assert {row.name: row.notes for row in seen} == {
        "Weather": ['Weather: looks like "weather"'],
        "maps-1": ['maps-1: looks like "maps_1"'],
        "far": [],
        "weather": [],
        "Far": ['Far: looks like "far"'],
    }
    assert all(row.problem is None for row in seen)


def test_a_long_list_of_names_is_taken_in_a_few_queries(django_assert_max_num_queries: Any) -> None:
    bring = {f"s{n}": {"url": URL, "disabled": True} for n in range(3)}
    register.register(bring, by="x", role=Role.ADMIN, now=timezone.now())
    wanted = [f"s{n}" for n in range(400)]
    with django_assert_max_num_queries(6):
        assert len(import_preview.preview(wanted).rows) == 400
    with django_assert_max_num_queries(20):
        results = import_run.bring(wanted, by="x", role=Role.ADMIN, now=timezone.now())
    assert [result.outcome for result in results[:4]] == ["updated"] * 3 + ["invalid"]
    assert Service.objects.filter(desired="running").count() == 3


def test_a_path_is_opened_by_python_and_the_command_line_alone(admin: User, tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_bytes(doc(f'{{"url": "{URL}"}}'))
    assert "is the path of a file" in by_paste(str(file).encode(), admin, file)
    assert "no MCP server" in by_paste(json.dumps({"file": str(file)}).encode(), admin, file)
    with pytest.raises(InvalidConfigError, match="cannot be read"):
        MCPStore.setup_store().for_store().add_service(str(tmp_path))
    with pytest.raises(InvalidConfigError, match="cannot be read"):
        MCPStore.setup_store().for_store().add_service("/etc/\0shadow")
    assert not Service.objects.exists()
    MCPStore.setup_store().for_store().add_service(str(file))
    assert Service.objects.get().name == "x"


def test_no_more_of_a_large_file_is_read_than_shows_that_it_is_large(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as handle:
        handle.truncate(100 * 1024 * MB)  # of holes: whoever read it whole would not come back
    with pytest.raises(CommandError, match="larger than 1 MiB"):
        call_command("mcpjson", "import", str(file))
    with pytest.raises(InvalidConfigError, match="larger than 1 MiB"):
        MCPStore.setup_store().for_store().add_service(file)
    assert reading.MAX_BYTES == MB


@pytest.mark.parametrize(
    "source",
    [
        {"mcpServers": {"bad": {"url": "https://user:p[w@h.example.org/mcp"}, "good": {"command": "x"}}},
        {"extensions": {"bad": {"type": ["x"], "cmd": "x"}, "good": {"type": "stdio", "cmd": "x"}}},
        {
            "one": {"mcpServers": [{"name": ["bad"], "command": "x"}]},
            "two": {"mcpServers": [{"name": "good", "command": "x"}]},
        },
    ],
    ids=["address", "type", "name"],
)
def test_an_entry_that_cannot_be_read_is_invalid_alone(source: dict[str, Any]) -> None:
    rows = import_preview.preview(source).rows
    assert [row.outcome for row in rows] == ["invalid", "added"]


def test_a_typed_address_that_is_none_is_invalid() -> None:
    (row,) = import_preview.preview("https://[::1/mcp").rows
    assert "is not an address" in str(row.problem)
