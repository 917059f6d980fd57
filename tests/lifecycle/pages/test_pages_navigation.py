"""The navigation leads each person to what they can open and nowhere else, and says where they are."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from lifecycle.pages.navigation import TREE
from registry.core.scope import Scope
from registry.models import Role
from tests.support.pages import as_if_seen, make_service
from tests.support.scopes import TEAM_A, person_of

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a [^>]*href="([^"]+)"( aria-current="true")?')
PAGES = [reverse(entry.url) for top in TREE for entry in top.all]


def browser(role: Role, scope: Scope) -> Client:
    client = Client()
    client.force_login(person_of(role, scope, "somebody"), "django.contrib.auth.backends.ModelBackend")
    as_if_seen(client)
    return client


def links(client: Client, page: str) -> list[tuple[str, str]]:
    shown = client.get(page).content.decode()
    navigation = shown[shown.index("<nav aria-label") : shown.index("</nav>")]
    return LINK.findall(navigation)


@pytest.mark.parametrize("scope", [Scope(), TEAM_A], ids=["all", "scoped"])
@pytest.mark.parametrize("role", Role)
def test_every_link_opens_and_no_page_that_opens_is_missing(role: Role, scope: Scope) -> None:
    make_service("ours", tags=["team-a"])
    client = browser(role, scope)
    opens = {page for page in PAGES if client.get(page).status_code in (200, 302)}
    shown = {address for page in opens for address, _current in links(client, page)}
    assert shown == opens


@pytest.mark.parametrize("page", sorted(set(PAGES)))
def test_one_entry_is_current(admin: Client, page: str) -> None:
    assert [address for address, current in links(admin, page) if current] == [page]


@pytest.mark.parametrize(
    ("page", "current"),
    [
        ("/services/ours/edit/", "/services/"),
        ("/add/", "/services/"),
        ("/alerts/rules/add/", "/alerts/rules/"),
        ("/versions/compare/", "/versions/"),
        ("/settings/policies/normal/", "/settings/policies/"),
    ],
)
def test_a_page_below_belongs_to_its_list(admin: Client, page: str, current: str) -> None:
    make_service("ours")
    assert [address for address, found in links(admin, page) if found] == [current]


def test_neighbours_are_shown_only_where_one_is(admin: Client) -> None:
    assert "/alerts/rules/" not in dict(links(admin, "/"))
    assert "/alerts/rules/" in dict(links(admin, "/alerts/channels/"))


def test_a_look_is_kept_and_comes_with_the_next_page(viewer: Client) -> None:
    viewer.post("/look/", {"theme": "dark"})
    viewer.post("/look/", {"density": "dense"})
    assert 'data-theme="dark" data-density="dense" data-side="wide"' in viewer.get("/").content.decode()


def test_the_menu_shows_what_is_chosen(viewer: Client) -> None:
    viewer.post("/look/", {"theme": "dark"})
    shown = viewer.get("/look/").content.decode()
    assert 'value="dark" aria-pressed="true"' in shown and 'value="light" aria-pressed="false"' in shown
    assert "<html" not in shown


def test_a_look_that_is_none_is_the_usual_one(viewer: Client) -> None:
    assert viewer.post("/look/", {"theme": '"><script>'}).cookies["theme"].value == "auto"
    viewer.cookies["density"] = "tiny"
    assert 'data-density="normal"' in viewer.get("/").content.decode()
    assert viewer.post("/look/", {"colour": "red"}).status_code == 400


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("http://testserver/queue/", "http://testserver/queue/"),
        ("https://elsewhere.example/", "/"),
        ("", "/"),
    ],
)
def test_it_goes_back_to_where_the_choice_was_made(viewer: Client, came: str, goes: str) -> None:
    assert viewer.post("/look/", {"theme": "dark"}, headers={"Referer": came})["Location"] == goes


def test_turned_off_letters_are_not_named(operator: Client) -> None:
    make_service("ours")
    assert 'aria-keyshortcuts="c"' in operator.get("/services/ours/").content.decode()
    operator.post("/look/", {"keys": "off"})
    shown = operator.get("/services/ours/").content.decode()
    assert 'data-keys="off"' in shown and 'aria-keyshortcuts="c"' not in shown
