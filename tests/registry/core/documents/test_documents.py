"""Documents of other programs: the entries of each, with their places."""

from __future__ import annotations

import pytest
from django.utils import timezone

from registry.core.documents.places import show
from registry.imports import preview as import_preview
from registry.models import Role, Service
from registry.secrets import vault
from registry.services import register
from tests.support.documents import DATA, read

# file -> shape, client, places of its entries
FILES: dict[str, tuple[str, str, list[str]]] = {
    "claude-user-projects.json": (
        "mcpServers and 2 more places",
        "claude-code",
        [
            "mcpServers.wiki",
            'projects["/home/me/shop"].mcpServers.db',
            'projects["/home/me/blog"].mcpServers.db',
        ],
    ),
    "continue-anchors.yaml": ("mcpServers list", "continue", ["mcpServers[0]", "mcpServers[1]"]),
    "continue-config.yaml": (
        "mcpServers list",
        "continue",
        ["mcpServers[0]", "mcpServers[1]", "mcpServers[2]"],
    ),
    "curly-quotes.txt": ("mcpServers", "", ["mcpServers.weather"]),
    "cursor-link.txt": ("install link", "cursor", ["notes"]),
    "devcontainer.json": (
        "customizations.vscode.mcp.servers",
        "",
        ["customizations.vscode.mcp.servers.docs"],
    ),
    "fragment.txt": ("bare", "", ["weather"]),
    "gateway-export.json": (
        "namespaces[0].mcpServers and 1 more place",
        "",
        ["namespaces[0].mcpServers.maps", "namespaces[1].mcpServers.maps"],
    ),
    "gateway-yaml-servers.yaml": ("mcp_servers in YAML", "", ["mcp_servers.wiki", "mcp_servers.files"]),
    "goose-config.yaml": (
        "extensions",
        "goose",
        ["extensions.developer", "extensions.notes", "extensions.calendar", "extensions.feed"],
    ),
    "kiro-powers.json": (
        "mcpServers and 1 more place",
        "kiro",
        ["mcpServers.time", "powers.mcpServers.power-design-board"],
    ),
    "dxt-old.json": ("bundle manifest", "mcpb", ["server.mcp_config"]),
    "mcpb-node.json": ("bundle manifest", "mcpb", ["server.mcp_config"]),
    "mcpb-platforms.json": ("bundle manifest", "mcpb", ["server.mcp_config"]),
    "registry-answer.json": (
        "registry answer",
        "server.json",
        [f"servers[{at}].server.{way}[0]" for at, way in enumerate(["remotes"] * 3 + ["packages"] * 2)],
    ),
    "server-npm-and-remote.json": ("server.json", "server.json", ["remotes[1]"]),
    "server-npm.json": ("server.json", "server.json", ["packages[0]"]),
    "server-nuget.json": ("server.json", "server.json", ["packages[0]"]),
    "server-oci.json": ("server.json", "server.json", ["packages[0]"]),
    "server-pypi.json": ("server.json", "server.json", ["packages[0]"]),
    "server-snake-case.json": ("server.json", "server.json", ["packages[0]"]),
    "profiles.json": (
        "profiles.work.mcpServers and 1 more place",
        "",
        [
            "profiles.work.mcpServers.tickets",
            "profiles.home.mcpServers.tickets",
            "profiles.home.mcpServers.music",
        ],
    ),
    "python-dict.txt": ("bare", "", ["weather"]),
    "readme-with-fence.md": ("mcpServers", "", ["mcpServers.weather"]),
    "team.code-workspace": ("settings.mcp.servers", "", ["settings.mcp.servers.wiki"]),
    "typed-client-commands.txt": (
        "claude mcp add and codex mcp add and gemini mcp add",
        "",
        ["tickets", "files", "wiki", "maps"],
    ),
    "typed-commands.txt": ("command and address", "", ["notes", "time", "lint", "maps"]),
    "vscode-link.txt": ("install link", "vscode", ["board"]),
    "vscode-user-settings.json": ("mcp.servers", "", ['["mcp.servers"].lint']),
    "windows-single-backslashes.json": ("mcpServers", "", ["mcpServers.tool", "mcpServers.fine"]),
}


def test_every_document_has_its_line_in_the_table() -> None:
    assert {path.name for path in DATA.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_document_gives_its_entries_with_their_places(name: str) -> None:
    document = read(name)
    places = [show(item.place) for item in document.found]
    assert (document.shape, document.client, places) == FILES[name]


def test_goose_yaml_keeps_texts_that_only_older_yaml_takes_for_something_else() -> None:
    notes = next(item for item in read("goose-config.yaml").found if item.name == "notes")
    assert notes.raw["envs"] == {"NOTES_DIR": "/srv/notes", "VERBOSE": "yes", "PORT": "0123"}
    assert (notes.raw["enabled"], notes.raw["timeout"]) == (True, 300)


def test_what_is_built_into_goose_says_so_and_costs_no_other_extension() -> None:
    problems = {item.name: item.problem for item in read("goose-config.yaml").found}
    assert "built into Goose" in str(problems["developer"])
    assert [name for name, problem in problems.items() if problem is None] == ["notes", "calendar", "feed"]


def test_anchors_and_merges_of_continue_yaml_are_filled_in() -> None:
    one, two = (item.raw for item in read("continue-anchors.yaml").found)
    assert one == {"command": "npx", "args": ["-y", "@example/one"], "env": {"REGION": "eu", "DEBUG": "1"}}
    assert two["env"] == {"REGION": "us", "DEBUG": "1"}


def test_inputs_beside_servers_deep_inside_describe_what_is_asked() -> None:
    assert read("team.code-workspace").inputs["wiki-key"].description == "Key of the wiki"


def test_a_server_that_two_projects_share_is_taken_once_and_says_where_else_it_stands() -> None:
    (wiki, *_rest) = read("claude-user-projects.json").found
    assert wiki.notes == ('occurs identically at projects["/home/me/shop"].mcpServers.wiki',)


@pytest.mark.django_db
def test_one_name_in_two_projects_is_offered_the_name_of_its_folder() -> None:
    data = (DATA / "claude-user-projects.json").read_bytes()
    rows = {row.where: row for row in import_preview.preview(data).rows}
    assert {where: row.suggestion for where, row in rows.items() if row.problem} == {
        'projects["/home/me/blog"].mcpServers.db': "db-blog"
    }
    renames = {'projects["/home/me/blog"].mcpServers.db': "db-blog"}
    register.register(data, by="x", role=Role.ADMIN, now=timezone.now(), renames=renames)
    assert set(Service.objects.values_list("name", flat=True)) == {"wiki", "db", "db-blog"}


@pytest.mark.django_db
def test_a_path_of_single_backslashes_is_refused_with_its_place_and_offered_corrected() -> None:
    rows = {
        row.name: row
        for row in import_preview.preview((DATA / "windows-single-backslashes.json").read_bytes()).rows
    }
    said = str(rows["tool"].problem)
    assert said.startswith("mcpServers.tool.command: has a TAB in it")
    assert r'"c:\\temp\\bin\\tool.exe"' in said
    assert rows["fine"].problem is None


# what cannot be taken as it is, and one word of why; all else is added, or asks for a value first
NOT_TAKEN = {
    ("claude-user-projects.json", "db"): "another entry",
    ("gateway-export.json", "maps"): "another entry",
    ("goose-config.yaml", "developer"): "built into Goose",
    ("profiles.json", "tickets"): "another entry",
    ("registry-answer.json", "wiki"): "a later one",
    ("registry-answer.json", "gone"): "deleted",
    ("registry-answer.json", "local-http"): "spoken to over",
    ("windows-single-backslashes.json", "tool"): "a TAB",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_entry_is_taken_but_those_that_say_why_not(name: str) -> None:
    rows = import_preview.preview((DATA / name).read_bytes()).rows
    wrong = {(name, row.name): str(row.problem) for row in rows if row.outcome == "invalid"}
    expected = {key: word for key, word in NOT_TAKEN.items() if key[0] == name}
    assert wrong.keys() == expected.keys(), wrong
    assert all(word in wrong[key] for key, word in expected.items())


@pytest.mark.django_db
def test_lines_of_several_clients_are_each_read_by_their_own_rules() -> None:
    data = (DATA / "typed-client-commands.txt").read_bytes()
    rows = {row.name: row for row in import_preview.preview(data).rows}
    clients = {name: row.understood.client for name, row in rows.items() if row.understood}
    assert clients == {"tickets": "claude-code", "files": "claude-code", "wiki": "codex", "maps": "gemini"}
    assert rows["wiki"].asks == ["WIKI_TOKEN"]


@pytest.mark.django_db
def test_goose_and_continue_yaml_reach_the_engine_with_their_headers_variables_and_limits() -> None:
    values = {"NOTES_TOKEN": "n", "SEARCH_KEY": "k"}
    for name in ("goose-config.yaml", "continue-config.yaml"):
        register.register(
            (DATA / name).read_bytes(), by="x", role=Role.ADMIN, now=timezone.now(), values=values
        )
    configs = {service.name: vault.reveal(service) for service in Service.objects.all()}
    notes = configs["notes"]
    assert (notes.command, notes.args) == ("npx", ("-y", "@example/notes-server@2.1.0"))
    assert notes.env == {"NOTES_DIR": "/srv/notes", "VERBOSE": "yes", "PORT": "0123", "NOTES_TOKEN": "n"}
    assert (configs["feed"].transport, configs["calendar"].transport) == ("sse", "streamable-http")
    assert configs["calendar"].timeout == 60
    assert configs["search"].headers == {"X-Tenant": "acme", "Authorization": "Bearer k"}
    assert Service.objects.get(name="calendar").desired == "stopped"


@pytest.mark.django_db
def test_an_address_that_a_client_stored_as_a_command_is_refused_with_what_to_write() -> None:
    entry = {"command": "https://wiki.example.org/mcp", "args": []}
    (row,) = import_preview.preview({"mcpServers": {"wiki": entry}}).rows
    assert str(row.problem).startswith("mcpServers.wiki.command: is an address, not a program")
    assert 'Write it as "url"' in str(row.problem)
