"""What registries and bundles describe becomes an address or the command that starts it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from registry.core.documents import dialects
from registry.imports import preview as import_preview
from registry.models import Role, Service
from registry.secrets import vault
from registry.services import register
from tests.support.documents import DATA, read

COMMANDS = {
    "server-npm.json": "npx -y --loglevel error @example/files-mcp@2.0.1 "
    "${files.root} --depth ${files.depth:-3}",
    "server-pypi.json": "uvx clock-mcp==1.0.6",
    "server-nuget.json": "dnx Example.SampleMcpServer@0.5.0 --yes -- mcp start",
    "server-oci.json": "docker run -i --rm --mount type=bind,src=${lint.source},dst=/code -e LINT_KEY "
    "ghcr.io/example/lint-mcp:2.1.0 stdio",
    "server-snake-case.json": "npx -y @example/old-notes@0.2.0",
    "mcpb-node.json": "node ${bundle.__dirname}/server/index.js --folder ${user_config.folder} --a --b",
    "mcpb-platforms.json": "${bundle.__dirname}/bin/maps-linux serve ${HOME}/tiles",
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_package_or_bundle_becomes_the_command_that_starts_it(name: str) -> None:
    (item,) = read(name).found
    assert " ".join([item.raw["command"], *item.raw["args"]]) == COMMANDS[name]


def test_of_several_ways_to_one_server_the_address_is_taken_and_the_others_are_named() -> None:
    (item,) = read("server-npm-and-remote.json").found
    assert item.raw["url"] == "https://${tickets.tenant}.tickets.example.org/mcp"
    assert item.raw["headers"]["Authorization"] == "Bearer ${tickets.token}"
    said = " ".join(item.notes)
    assert "remotes[1] is taken" in said
    assert "packages[0] (npm: npx @example/tickets-mcp)" in said


def test_a_hint_that_starts_no_package_is_not_followed_and_told_of() -> None:
    (item,) = read("server-pypi.json").found
    assert "runtimeHint python starts no package; uvx does" in item.notes


@pytest.mark.django_db
def test_a_server_json_asks_for_what_it_must_have_and_offers_the_rest() -> None:
    seen = import_preview.preview((DATA / "server-npm.json").read_bytes())
    assert [(ask.name, ask.secret) for ask in seen.asks] == [("files.root", False)]
    offered = {ask.name: (ask.default, ask.choices, ask.secret) for ask in seen.optional}
    assert offered == {
        "files.depth": ("3", (), False),
        "files.MODE": ("fast", ("fast", "safe"), False),
        "files.FILES_TOKEN": ("", (), True),
    }
    values = {"files.root": "/srv", "files.MODE": "safe"}
    data = (DATA / "server-npm.json").read_bytes()
    (result,) = register.register(data, by="x", role=Role.ADMIN, now=timezone.now(), values=values)
    assert (result.name, result.error) == ("files", None)
    config = vault.reveal(Service.objects.get())
    assert config.args[-3:] == ("/srv", "--depth", "3")
    assert config.env == {"MODE": "safe"}  # nobody gave FILES_TOKEN, and an empty one is another thing
    again = register.register(data, by="x", role=Role.ADMIN, now=timezone.now())
    assert [one.outcome for one in again] == ["updated"]  # MODE is what the document says again
    token = {"files.FILES_TOKEN": "t"}
    register.register(data, by="x", role=Role.ADMIN, now=timezone.now(), values=token)
    assert vault.reveal(Service.objects.get()).env == {"MODE": "fast", "FILES_TOKEN": "t"}


@pytest.mark.django_db
def test_a_server_json_asks_for_a_variable_that_it_does_not_describe() -> None:
    secret = {"value": "Bearer {api_key}", "isSecret": True}
    text = {"name": "X-Form", "value": "{as_it_is}"}
    remote = {
        "type": "sse",
        "url": "https://{tenant}.example.org/sse",
        "headers": [{"name": "Authorization", **secret}, text],
    }
    package = {
        "registryType": "npm",
        "identifier": "x",
        "environmentVariables": [{"name": "A", **secret}],
        "packageArguments": [{"type": "named", "name": "--in", "value": "{place}/x", "isRequired": True}],
    }
    for way, asked in (
        ({"remotes": [remote]}, [("a.tenant", False), ("a.api_key", True)]),
        ({"packages": [package]}, [("a.place", False), ("a.api_key", True)]),
    ):
        seen = import_preview.preview({"name": "io.example/a", **way})
        assert [(ask.name, ask.secret) for ask in seen.asks] == asked


@pytest.mark.django_db
def test_a_bundle_asks_for_its_user_config_and_two_bundles_share_no_folder() -> None:
    seen = import_preview.preview((DATA / "mcpb-node.json").read_bytes())
    asked = {ask.name: ask.secret for ask in seen.asks}
    assert asked == {"bundle.__dirname": False, "user_config.folder": False, "user_config.api_key": True}
    assert {ask.name: ask.default for ask in seen.optional} == {
        "user_config.limit": "50",
        "user_config.verbose": "false",
        "user_config.proxy": "",
    }
    values = {"bundle.__dirname": "/opt/notes", "user_config.folder": "/srv", "user_config.api_key": "k"}
    data = (DATA / "mcpb-node.json").read_bytes()
    register.register(data, by="x", role=Role.ADMIN, now=timezone.now(), values=values)
    config = vault.reveal(Service.objects.get())
    assert config.args == ("/opt/notes/server/index.js", "--folder", "/srv", "--a", "--b")
    assert config.env == {"API_KEY": "k", "LIMIT": "50", "VERBOSE": "false"}
    other = import_preview.preview((DATA / "dxt-old.json").read_bytes())
    assert [ask.name for ask in other.asks] == ["bundle.__dirname"]


def test_a_registry_answer_says_what_is_deleted_deprecated_outdated_or_not_to_be_started() -> None:
    found = read("registry-answer.json").found
    assert [str(item.problem) if item.problem else "" for item in found] == [
        "",
        "servers[1].server: is version 1.0.0, and a later one is in the same document. "
        "Leave it out, or import it alone",
        "servers[2].server: was deleted from the registry. Leave it out",
        "",
        "servers[4].server.packages[0]: is started as a program and then spoken to over streamable-http. "
        "Start it yourself, and add the address that it listens on",
    ]
    assert "its publisher calls it deprecated" in found[3].notes


def test_a_list_in_which_not_all_are_of_the_registry_loses_none() -> None:
    one = {"name": "io.example/a", "remotes": [{"type": "sse", "url": "https://a.example.org/sse"}]}
    assert len(dialects.find([one, {"name": "b", "url": "https://b.example.org/mcp"}]).found) == 2
