"""An operator of a scope changes, removes and restores what is in it; what they do not see stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import waves
from registry.access import tokens
from registry.models import AuditEntry, Dependency, Role, Service
from registry.services import register
from tests.support.api import Api
from tests.support.importing import document, hidden, preview, save, send
from tests.support.pages import text_of
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
URL = "https://mcp.example.org/mcp"
OURS: dict[str, Any] = {"url": URL, "tags": ["team-a", "maps"]}
HIDDEN, NAME = "canary-theirs", "operator-of-team-a"
THEIRS: dict[str, Any] = {"url": "https://canary.example.net/", "tags": ["team-b"]}


def add(**entries: Any) -> None:
    found = register.register({"mcpServers": entries}, by="root", role=Role.ADMIN, now=timezone.now())
    assert [one.error for one in found if one.error] == []


@pytest.fixture
def two_teams() -> None:
    """Ours needs one of theirs, and one of ours."""
    add(**{HIDDEN: THEIRS, "base": OURS, "ours": {**OURS, "dependsOn": ["base", HIDDEN]}})


@pytest.fixture
def browser(two_teams: None) -> Client:
    return scoped_client(Role.OPERATOR)


@pytest.fixture
def rest(browser: Client) -> Api:
    """Of the same person."""
    return Api(tokens.issue(User.objects.get(username=NAME), Role.OPERATOR, timezone.now()))


def entry(name: str = "ours") -> dict[str, Any]:
    found: dict[str, Any] = Service.objects.get(name=name, removed_at=None).entry
    return found


def refused(answer: Any, status: int = 422) -> dict[str, str]:
    assert answer.status_code == status and "canary" not in answer.content.decode()
    found: dict[str, str] = answer.json()["error"]
    return found


def needed() -> set[str]:
    rows = Dependency.objects.standing().filter(service__name="ours")
    return set(rows.values_list("depends_on__name", flat=True))


def form(browser: Client, **fields: str) -> Any:
    """The edit form with everything that it shows, and these fields over it."""
    page = text_of(browser.get("/services/ours/edit/"))
    shown = {"transport": "streamable-http", "url": URL, "profile": "normal", "priority": "normal"}
    shown |= {"tags": "team-a, maps", "depends_on": "base, …"}
    return browser.post("/services/ours/edit/", {**hidden(page), **shown, **fields})


def test_the_form_changes_it_and_keeps_what_it_depends_on_unseen(browser: Client) -> None:
    page = text_of(browser.get("/services/ours/edit/"))
    assert 'value="base, …"' in page and "At least one of: team-a." in page and "canary" not in page
    assert form(browser, description="Maps of the town").status_code == 302
    assert entry() == {**OURS, "dependsOn": ["base", HIDDEN], "description": "Maps of the town"}
    act = AuditEntry.objects.get(action="service changed")
    assert (act.actor, act.target) == (NAME, "ours") and needed() == {"base", HIDDEN}
    assert browser.get(f"/services/{HIDDEN}/edit/").status_code == 404


@pytest.mark.parametrize(("typed", "kept"), [("…", {HIDDEN}), ("base", {"base"}), ("", set())])
def test_what_is_seen_of_the_dependencies_can_be_taken_out(
    browser: Client, typed: str, kept: set[str]
) -> None:
    assert form(browser, depends_on=typed).status_code == 302
    assert needed() == kept == set(entry().get("dependsOn", ()))


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("maps", "outside of your scope (tags team-a). Give it one of the tags team-a"),
        ("team-a, maps, team-b", "gets the tag &quot;team-b&quot;, which is not of your scope"),
    ],
)
def test_its_tags_stay_within_the_scope(browser: Client, tags: str, said: str) -> None:
    answer = form(browser, tags=tags)
    assert answer.status_code == 422 and said in text_of(answer)
    assert Service.objects.get(name="ours").tags == ["team-a", "maps"]
    assert form(browser, tags="team-a").status_code == 302
    assert Service.objects.get(name="ours").tags == ["team-a"]


def test_rest_changes_it(rest: Api) -> None:
    assert rest.patch("services/ours", {"description": "Maps"}).json()["outcome"] == "updated"
    assert entry()["description"] == "Maps" and needed() == {"base", HIDDEN}
    assert "outside of your scope" in refused(rest.patch("services/ours", {"tags": ["maps"]}))["message"]
    tags = ["team-a", "maps", "team-b"]
    assert "not of your scope" in refused(rest.patch("services/ours", {"tags": tags}))["message"]
    assert rest.patch(f"services/{HIDDEN}", {"description": "mine"}).status_code == 404
    assert Service.objects.get(name="ours").tags == ["team-a", "maps"]


def test_the_same_entry_once_more_is_no_change(rest: Api) -> None:
    again = {"mcpServers": {"ours": {**OURS, "dependsOn": ["base", "…"]}}}
    assert rest.post("services", again).json()["results"] == [{"name": "ours", "outcome": "unchanged"}]
    assert (
        "is not a service"
        in refused(rest.post("services", {"x": {**OURS, "tags": ["team-a"], "dependsOn": ["…"]}}))["message"]
    )


def test_a_hidden_service_can_be_kept_and_not_guessed(rest: Api) -> None:
    add(base={**OURS, "dependsOn": [HIDDEN]})
    error = refused(rest.patch("services/ours", {"depends_on": ["base", "nobody"]}))
    guess = rest.patch("services/ours", {"depends_on": ["base", HIDDEN]})
    assert (
        guess.status_code == 422
        and guess.json()["error"]["message"].replace(HIDDEN, "nobody") == error["message"]
    )


def test_a_cycle_through_hidden_services_is_refused_without_their_names(rest: Api) -> None:
    add(**{HIDDEN: {**THEIRS, "dependsOn": ["base"]}})
    error = refused(rest.patch("services/base", {"depends_on": ["ours"]}))
    assert "makes a cycle: base → ours → base" in error["message"]
    assert rest.patch("services/ours", {"depends_on": ["…"]}).status_code == 200
    error = refused(rest.patch("services/base", {"depends_on": ["ours"]}))
    assert "makes a cycle: base → ours → … → base" in error["message"]


def test_it_is_removed_and_comes_back_whole(rest: Api, browser: Client) -> None:
    before = entry()
    assert rest.delete("services/ours").status_code == 204
    assert rest.delete(f"services/{HIDDEN}").status_code == 404
    act = AuditEntry.objects.get(action="service removed")
    assert json.loads(act.before)["dependsOn"] == ["base", HIDDEN]
    assert rest.post("services/ours/restore", {}).status_code == 200
    assert entry() == before and needed() == {"base", HIDDEN}
    assert browser.post("/services/ours/remove/").status_code == 302
    number = Service.objects.get(name="ours").pk
    assert browser.post(f"/services/ours/restore/{number}/").status_code == 302 and entry() == before
    assert browser.post(f"/services/{HIDDEN}/remove/").status_code == 404


@pytest.mark.parametrize("force", ["", "?force=true"])
def test_nothing_is_taken_from_a_hidden_service(rest: Api, force: str) -> None:
    add(**{"canary-below": {**THEIRS, "dependsOn": ["ours", "base"]}})
    error = refused(rest.delete(f"services/ours{force}"), 409)
    assert error["message"] == (
        "a service outside of your scope depends on ours. Ask someone who sees all services."
    )
    assert entry("canary-below")["dependsOn"] == ["ours", "base"]
    both = refused(rest.delete(f"services/base{force}"), 409)["message"]
    assert both.startswith("a service outside of your scope, ours depend on base.")


def test_force_takes_it_out_of_visible_services_alone_and_keeps_what_else_they_need(rest: Api) -> None:
    assert rest.delete("services/base?force=true").status_code == 204
    assert entry()["dependsOn"] == [HIDDEN] and needed() == {HIDDEN}


def test_it_does_not_come_back_over_a_hidden_one_or_without_what_it_needs(rest: Api) -> None:
    assert rest.delete("services/ours").status_code == 204
    add(ours=THEIRS)
    assert refused(rest.post("services/ours/restore", {}), 409)["code"] == "name_taken"
    now = timezone.now()
    register.remove("ours", by="root", now=now)
    register.remove(HIDDEN, by="root", now=now)
    error = refused(rest.post("services/ours/restore", {}), 409)
    assert error["message"].startswith("ours depends on …, which is not registered.")


def test_a_bulk_removal_and_its_undoing(rest: Api, browser: Client) -> None:
    assert rest.post("services/bulk", {"action": "remove", "names": [HIDDEN]}).status_code == 422
    assert rest.post("services/bulk", {"action": "remove", "filter": {}}).status_code == 202
    carried_out()
    assert set(Service.objects.filter(removed_at=None).values_list("name", flat=True)) == {HIDDEN}
    batch = Batch.objects.get()
    assert browser.post(f"/batches/{batch.pk}/undo/").status_code == 302
    carried_out()
    assert needed() == {"base", HIDDEN} and entry()["dependsOn"] == ["base", HIDDEN]


def carried_out() -> None:
    """The worker's part."""
    while waves.advance(timezone.now()):
        pass
    assert not Command.objects.exclude(state="done").exists()


def test_an_import_shows_the_difference_and_removes_what_is_absent_of_theirs(browser: Client) -> None:
    changed = {**OURS, "dependsOn": ["…"], "description": "new"}
    page = text_of(preview(browser, document(ours=changed)))
    assert "description" in page and "canary" not in page and 'name="replace"' in page
    going = text_of(save(browser, page, replace="1", remove="base", confirmed="1"))
    assert send(browser, going, step="go on").status_code == 200
    assert {"ours", HIDDEN} == set(Service.objects.filter(removed_at=None).values_list("name", flat=True))
    assert entry() == {**OURS, "dependsOn": [HIDDEN], "description": "new"}


def test_an_import_by_rest_removes_of_theirs_alone(rest: Api) -> None:
    given = {"mcpServers": {"fresh": {"url": URL, "tags": ["team-a"]}}}
    answer = rest.post("imports", {"document": given, "replace": True})
    assert {one["name"]: one["outcome"] for one in answer.json()["results"]} == {
        "fresh": "created",
        "base": "removed",
        "ours": "removed",
    }
    assert Service.objects.filter(name=HIDDEN, removed_at=None).exists()


def test_a_command_is_still_changed_by_an_admin_alone(rest: Api) -> None:
    error = refused(rest.patch("services/ours", {"config": {"command": "npx", "tags": ["team-a"]}}))
    assert "only an admin" in error["message"]
