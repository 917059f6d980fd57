"""Documents of other programs and typed lines by each way in: page, paste, REST, command line and Python."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from mcpstore_site.store import MCPStore
from registry.access import tokens
from registry.errors import InvalidConfigError
from registry.models import Role, Service
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db
DATA = ROOT / "tests" / "registry" / "data_documents"
TEXTS = {
    "typed": b"claude mcp add -t http wiki https://wiki.example.org/mcp",
    "YAML": b"mcpServers:\n  wiki:\n    url: https://wiki.example.org/mcp\n",
    "fence": b'See:\n```json\n{"wiki": {"url": "https://wiki.example.org/mcp"}}\n```\n',
    "deeper": b'{"projects": {"/a": {"mcpServers": {"wiki": {"url": "https://wiki.example.org/mcp"}}}}}',
    "server.json": b'{"name": "io.example/wiki", "remotes": [{"type": "streamable-http", '
    b'"url": "https://wiki.example.org/mcp"}]}',
}


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("root")


def page(admin: User) -> Client:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    return client


def by_upload(text: bytes, admin: User, path: Path) -> str:
    return page(admin).post("/import/", {"file": SimpleUploadedFile("x.txt", text)}).content.decode()


def by_paste(text: bytes, admin: User, path: Path) -> str:
    return page(admin).post("/import/", {"text": text.decode()}).content.decode()


def by_rest(text: bytes, admin: User, path: Path) -> str:
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    headers = {"Authorization": f"Bearer {token}"}
    return Client().post("/api/v1/services", text, "text/plain", headers=headers).content.decode()


def by_rest_import(text: bytes, admin: User, path: Path) -> str:
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    headers = {"Authorization": f"Bearer {token}"}
    body = {"document": text.decode()}
    return Client().post("/api/v1/imports", body, "application/json", headers=headers).content.decode()


def by_command(text: bytes, admin: User, path: Path) -> str:
    path.write_bytes(text)
    said = io.StringIO()
    call_command("mcpjson", "import", str(path), stdout=said)
    return said.getvalue()


def by_python(text: bytes, admin: User, path: Path) -> str:
    MCPStore.setup_store().for_store().add_service(text.decode())
    return ",".join(Service.objects.values_list("name", flat=True))


WAYS: list[Callable[[bytes, User, Path], str]] = [by_rest, by_rest_import, by_command, by_python]


@pytest.mark.parametrize("kind", TEXTS)
def test_every_way_in_understands_it_alike(kind: str, admin: User, tmp_path: Path) -> None:
    for look in (by_upload, by_paste):
        assert ">wiki<" in look(TEXTS[kind], admin, tmp_path).replace("\n", "")
    assert not Service.objects.exists()
    for way in WAYS:
        said = way(TEXTS[kind], admin, tmp_path / "given")
        assert "wiki" in said, way.__name__
        assert Service.objects.get().entry["url"] == "https://wiki.example.org/mcp", way.__name__
        Service.objects.all().delete()


def test_the_page_offers_the_corrected_name_of_a_clash_and_what_may_be_given(admin: User) -> None:
    said = by_upload((DATA / "claude-user-projects.json").read_bytes(), admin, DATA)
    assert "db-blog" in said
    said = by_upload((DATA / "server-npm.json").read_bytes(), admin, DATA)
    assert 'name="value:files.root"' in said
    assert '<select id="may-1" name="value:files.MODE"' in said
    assert 'placeholder="3"' in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/srv/none.json", "cannot be read"),
        ("npx -y 'x", "quotation mark"),
        ("no such thing", "cannot be read"),
    ],
)
def test_python_tells_a_path_from_a_line_that_was_typed(text: str, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=said):
        MCPStore.setup_store().for_store().add_service(text)
