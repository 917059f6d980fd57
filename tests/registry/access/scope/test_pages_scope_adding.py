"""An operator of a scope adds services that are in it, and learns nothing of the others by trying."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.access import tokens
from registry.core.scope import Scope
from registry.models import Agent, AgentService, AuditEntry, Dependency, Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from tests.support.api import Api
from tests.support.importing import document, preview, row, save, taken
from tests.support.pages import text_of
from tests.support.scopes import TEAM_A, person_of, scoped_client

pytestmark = pytest.mark.django_db
URL = "https://mcp.example.org/mcp"
FORM = {"transport": "streamable-http", "url": URL, "profile": "normal", "priority": "normal"}
OURS, THEIRS = {"url": URL, "tags": ["team-a"]}, {"url": "https://canary.example.net/", "tags": ["team-b"]}


@pytest.fixture
def two_teams() -> None:
    entry = {
        **THEIRS,
        "headers": {"Authorization": "Bearer canary-7d1f", "headers.Authorization": "canary-8e2a"},
    }
    add(theirs=entry, ours=OURS)


def add(**entries: Any) -> None:
    found = register.register({"mcpServers": entries}, by="root", role=Role.ADMIN, now=timezone.now())
    assert all(one.error is None for one in found)


@pytest.fixture
def browser(two_teams: None) -> Client:
    return scoped_client(Role.OPERATOR)


@pytest.fixture
def rest(two_teams: None) -> Api:
    return api_of(TEAM_A)


def api_of(scope: Scope, of_token: Scope | None = None) -> Api:
    user = person_of(Role.OPERATOR, scope)
    return Api(tokens.issue(user, Role.OPERATOR, timezone.now(), scope=of_token or Scope()))


def names() -> set[str]:
    return set(Service.objects.listed().values_list("name", flat=True))


def problem(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    assert "canary" not in answer.content.decode()
    found: dict[str, str] = answer.json()["error"]
    return found


def test_the_form_says_which_tag_and_saves_with_it(browser: Client) -> None:
    page = text_of(browser.get("/add/"))
    assert 'value="team-a"' in page and "At least one of: team-a." in page
    answer = browser.post("/add/", {**FORM, "name": "fresh", "tags": "team-a"})
    assert answer.status_code == 302 and browser.get("/services/fresh/").status_code == 200
    act = AuditEntry.objects.get(target="fresh")
    assert (act.actor, act.action) == ("operator-of-team-a", "service added")
    listed = text_of(browser.get("/services/"))
    assert "fresh" in listed and 'href="/add/"' in listed and 'href="/import/"' in listed


@pytest.mark.parametrize("tags", ["", "team-b", "Team-A", "team-ab"])
def test_the_form_refuses_what_would_be_outside(browser: Client, tags: str) -> None:
    answer = browser.post("/add/", {**FORM, "name": "fresh", "tags": tags})
    page = text_of(answer)
    assert answer.status_code == 422 and names() == {"ours", "theirs"}
    assert "This field is required" in page if not tags else "Give it one of the tags team-a" in page


@pytest.mark.parametrize("name", ["theirs", "ours"])
def test_a_name_that_is_taken_is_all_that_is_told(browser: Client, name: str) -> None:
    answer = browser.post("/add/", {**FORM, "name": name, "tags": "team-a"})
    page = text_of(answer)
    assert answer.status_code == 409 and "already exists" in page and "canary" not in page


def test_rest_adds_what_is_in_the_scope_and_says_what_is_not(rest: Api) -> None:
    body = {"mcpServers": {"fresh": OURS, "other": THEIRS, "bare": {"url": URL}}}
    answer = rest.post("services", body)
    assert answer.status_code == 200
    results = {one["name"]: one for one in answer.json()["results"]}
    assert {name: one["outcome"] for name, one in results.items()} == {
        "fresh": "created",
        "other": "invalid",
        "bare": "invalid",
    }
    assert results["bare"]["error"] == {
        "code": "invalid_config",
        "where": "mcpServers.bare.tags",
        "message": "would be outside of your scope (tags team-a). Give it one of the tags team-a",
    }
    assert names() == {"ours", "theirs", "fresh"}


def test_a_hidden_service_is_neither_changed_nor_compared(rest: Api) -> None:
    before = Service.objects.get(name="theirs").entry
    error = problem(rest.post("services", {"mcpServers": {"theirs": OURS}}))
    assert 'has the name "theirs", which is taken' in error["message"] and "theirs-2" in error["message"]
    assert problem(rest.post("services", {"mcpServers": {"theirs": THEIRS}})) == error
    assert Service.objects.get(name="theirs").entry == before


def test_a_service_of_theirs_is_added_once(rest: Api) -> None:
    (same,) = rest.post("services", {"mcpServers": {"ours": OURS}}).json()["results"]
    assert same["outcome"] == "unchanged"


def test_it_depends_on_visible_services_alone(rest: Api) -> None:
    unknown = problem(rest.post("services", {"mcpServers": {"x": {**OURS, "dependsOn": ["nobody"]}}}))
    hidden = problem(rest.post("services", {"mcpServers": {"x": {**OURS, "dependsOn": ["theirs"]}}}))
    assert hidden["message"].replace("theirs", "nobody") == unknown["message"]
    assert rest.post("services", {"mcpServers": {"x": {**OURS, "dependsOn": ["ours"]}}}).status_code == 200
    assert Dependency.objects.get().depends_on.name == "ours"


def test_it_uses_no_value_of_another(rest: Api) -> None:
    held = Secret.objects.get(name="theirs.headers.Authorization")
    for name in (held.name, "theirs.headers.headers.Authorization"):
        entry = {**OURS, "headers": {"Authorization": f"Bearer ${{secret:{name}}}"}}
        assert "needs a value" in problem(rest.post("services", {"mcpServers": {"thief": entry}}))["message"]
    assert names() == {"ours", "theirs"}


def test_it_overwrites_no_value_of_another(rest: Api) -> None:
    before = {row.name: vault.unseal(row.ciphertext) for row in Secret.objects.all()}
    assert before["theirs.headers.headers.Authorization"] == "canary-8e2a"
    entry = {**OURS, "headers": {"Authorization": "mine-1234-5678"}}
    assert rest.post("services", {"mcpServers": {"theirs.headers": entry}}).status_code == 200
    after = {row.name: vault.unseal(row.ciphertext) for row in Secret.objects.all()}
    assert before.items() <= after.items() and "mine-1234-5678" in after.values()


def test_a_command_still_needs_an_admin(rest: Api) -> None:
    error = problem(rest.post("services", {"mcpServers": {"x": {"command": "npx", "tags": ["team-a"]}}}))
    assert "only an admin" in error["message"]


def test_an_agent_of_the_scope_has_it_by_its_name(two_teams: None) -> None:
    agent = Agent.objects.create(name="claude", created_at=timezone.now(), updated_at=timezone.now())
    AgentService.objects.create(agent=agent, service_name="promised")
    rest = api_of(Scope(agents=frozenset({"claude"})))
    assert rest.post("services", {"mcpServers": {"promised": {"url": URL}}}).status_code == 200
    error = problem(rest.post("services", {"mcpServers": {"fresh": {"url": URL}}}))
    assert 'add "fresh" to agent claude first' in error["message"]


def test_a_token_and_its_person_must_both_see_it(two_teams: None) -> None:
    rest = api_of(TEAM_A, Scope(tags=frozenset({"maps"})))
    assert problem(rest.post("services", {"mcpServers": {"x": OURS}}))["where"].endswith(".tags")
    both = {**OURS, "tags": ["team-a", "maps"]}
    assert rest.post("services", {"mcpServers": {"x": both}}).status_code == 200


@pytest.mark.parametrize("tags", [["team-a", "team-b"], ["team-a", "maps"]])
def test_it_gets_no_tag_by_which_others_would_see_it(rest: Api, tags: list[str]) -> None:
    error = problem(rest.post("services", {"mcpServers": {"x": {**OURS, "tags": tags}}}))
    assert f'gets the tag "{tags[1]}", which is not of your scope' in error["message"]
    assert error["where"] == "mcpServers.x.tags" and names() == {"ours", "theirs"}


def test_the_import_page_takes_what_is_in_the_scope(browser: Client) -> None:
    page = text_of(preview(browser, document(fresh=OURS, other=THEIRS, theirs=OURS, ours=OURS)))
    assert taken(page) == {"fresh"} and "canary" not in page.replace("canary.example.net", "", 5)
    assert "outside of your scope" in row(page, "other") and "is taken" in row(page, "theirs")
    saved = save(browser, page)
    assert saved.status_code == 200 and names() == {"ours", "theirs", "fresh"}


def test_names_that_look_alike_are_told_of_visible_services_alone(browser: Client) -> None:
    page = text_of(preview(browser, document(**{"the1rs": OURS, "0urs": OURS, "their5": OURS})))
    assert "looks like" in row(page, "0urs") and page.count("looks like") == 1


@pytest.mark.parametrize("path", ["imports", "imports/preview"])
def test_an_import_by_rest_reads_no_file(rest: Api, path: str) -> None:
    given = {"mcpServers": {"fresh": OURS}}
    answer = rest.post(path, {})
    assert (answer.status_code, answer.json()["error"]["where"]) == (403, "body.document")
    assert rest.post(path, {"document": given}).status_code == 200
    assert ("fresh" in names()) is (path == "imports")


def test_a_name_alone_starts_a_visible_service(rest: Api) -> None:
    Service.objects.update(desired="stopped")
    assert rest.post("services", json.dumps(["ours", "theirs"])).status_code == 200
    assert set(Service.objects.filter(desired="running").values_list("name", flat=True)) == {"ours"}
