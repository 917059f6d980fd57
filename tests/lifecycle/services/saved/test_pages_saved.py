"""Views of the services list under a name: whose they are, who sees them, and where they lead."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import SavedView
from lifecycle.services.listing.saved import operations, queries
from registry.core.scope import Scope
from registry.errors import InvalidConfigError, NotAllowedError, NotPossibleError
from registry.models import AuditEntry, Role
from registry.models.limits import within
from tests.support.api import Api
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db
ME = "viewer-1"


def save(name: str = "Mine", query: str = "q=wea", by: str = ME, **more: bool) -> SavedView:
    role = Role.ADMIN if more.get("shared") else Role.VIEWER
    return operations.save(name, query, by=by, role=role, now=timezone.now(), **more)


def test_the_menu_saves_what_the_form_of_the_list_says(viewer: Client) -> None:
    given = {
        "name": " Slow  ones ",
        "q": "wea",
        "state": "HEALTHY",
        "tag": "",
        "sort": "response",
        "page": "3",
    }
    menu = text_of(viewer.post("/views/save/", given, headers=HTMX))
    assert "Slow ones saved." in menu
    assert 'href="/services/?q=wea&amp;state=HEALTHY&amp;sort=response"' in menu
    row = SavedView.objects.get()
    assert (row.owner, row.name, row.shared, row.default) == (ME, "Slow ones", False, False)


def test_what_no_filter_knows_is_dropped_and_the_order_is_said() -> None:
    assert queries.canonical("/services/?state=nonsense&x=y&q=a%26b&page=7") == "q=a%26b&sort=failing"


def test_a_view_of_the_same_name_is_overwritten_and_the_audit_log_says_both(viewer: Client) -> None:
    save(query="q=one")
    save(query="q=two")
    assert SavedView.objects.get().query == "q=two&sort=failing"
    assert "q=one" in AuditEntry.objects.filter(action="view saved").latest("id").before


def test_others_see_what_is_shared_and_change_nothing_of_it(viewer: Client) -> None:
    save("Private", by="bob")
    shared = save("Team", by="bob", shared=True)
    page = text_of(viewer.get("/views/menu/"))
    assert "Team" in page
    assert "by bob" in page
    assert "Private" not in page
    assert viewer.post(f"/views/{SavedView.objects.get(name='Private').pk}/remove/").status_code == 404
    viewer.post(f"/views/{shared.pk}/remove/")
    viewer.post(f"/views/{shared.pk}/", {"name": "Changed"})
    assert SavedView.objects.get(pk=shared.pk).name == "Team"


def test_an_admin_shares_and_removes_what_is_shared(admin: Client, viewer: Client) -> None:
    mine = save()
    viewer.post(f"/views/{mine.pk}/", {"shared": "1"})
    assert not SavedView.objects.get().shared
    shared = save("Team", by="bob", shared=True)
    admin.post(f"/views/{shared.pk}/remove/")
    assert not SavedView.objects.filter(pk=shared.pk).exists()


def test_somebody_with_a_scope_sees_no_view_of_others() -> None:
    save("Team", query="tag=team-b", by="bob", shared=True)
    mine = save()
    with within(frozenset({Scope(tags=frozenset({"team-a"}))})):
        assert queries.of(ME) == [mine]
        with pytest.raises(NotAllowedError):
            operations.change(mine.pk, {"shared": True}, by=ME, role=Role.ADMIN, now=timezone.now())


def test_services_opens_with_the_default_and_all_can_be_had(viewer: Client) -> None:
    make_service("weather")
    make_service("files")
    save("Old", query="q=fil", default=True)
    view = save()
    viewer.post(f"/views/{view.pk}/", {"default": "1"})
    assert SavedView.objects.get(default=True) == view
    assert viewer.get("/services/").headers["Location"] == "/services/?q=wea&sort=failing"
    everything = text_of(viewer.get("/services/?view=all"))
    assert "files" in everything
    # Taking the last filter away leads to an address that does not open the default again.
    answer = viewer.get("/services/", {"q": "", "sort": "failing"}, headers=HTMX)
    assert answer.headers["HX-Push-Url"] == "/services/?view=all"
    viewer.post(f"/views/{view.pk}/", {"default": "0"})
    assert viewer.get("/services/").status_code == 200


def test_views_are_renamed_but_not_to_a_name_that_is_taken(viewer: Client) -> None:
    view = save()
    save("Other")
    viewer.post(f"/views/{view.pk}/", {"name": "Other"})
    assert SavedView.objects.get(pk=view.pk).name == "Mine"
    viewer.post(f"/views/{view.pk}/", {"name": "Renamed"})
    page = text_of(viewer.get("/views/"))
    assert "Renamed" in page
    assert "“wea” · Failing first" in page


def test_the_palette_finds_them(viewer: Client) -> None:
    save("Slow payment tools")
    found = text_of(viewer.get("/palette/?q=payment"))
    assert 'href="/services/?q=wea&amp;sort=failing"' in found


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_name_is_needed(name: str) -> None:
    with pytest.raises(InvalidConfigError):
        save(name)


def test_nobody_keeps_more_than_can_be_found_again() -> None:
    for n in range(operations.MOST):
        save(f"v{n}")
    with pytest.raises(NotPossibleError):
        save("one more")
    save("v1", "q=again")


def test_rest_saves_changes_and_removes(api_operator: Api) -> None:
    made = api_operator.post("views", {"name": "Mine", "query": "state=UNREACHABLE&sort=since"})
    assert made.status_code == 201
    view = made.json()
    assert (view["query"], view["owner"], view["shared"]) == (
        "state=UNREACHABLE&sort=since",
        "operator",
        False,
    )
    changed = api_operator.patch(f"views/{view['id']}", {"name": "Down", "default": True}).json()
    assert (changed["name"], changed["default"]) == ("Down", True)
    assert [one["name"] for one in api_operator.get("views").json()["results"]] == ["Down"]
    assert api_operator.patch(f"views/{view['id']}", {"shared": True}).status_code == 403
    assert (
        api_operator.post("views", {"name": "x", "colour": "red"}).json()["error"]["where"] == "body.colour"
    )
    assert api_operator.delete(f"views/{view['id']}").status_code == 204
    assert api_operator.delete(f"views/{view['id']}").status_code == 404


def test_the_first_five_stand_below_services_in_the_navigation(viewer: Client) -> None:
    def navigation(page: str) -> str:
        shown = text_of(viewer.get(page))
        return shown[shown.index("<nav aria-label") : shown.index("</nav>")]

    for name in ("a", "b", "c", "d"):
        save(f"Mine {name}")
    save("Team", by="bob", shared=True)
    save("Private", by="bob")
    shown = navigation("/services/")
    assert [shown.count(f">Mine {name}<") for name in "abcd"] == [1] * 4
    assert ">Team<" in shown and "Private" not in shown and "All views" not in shown
    assert 'href="/services/?q=wea&amp;sort=failing" title="Mine a"' in shown
    save("Mine e")
    shown = navigation("/services/")
    assert ">Mine e<" in shown and ">Team<" not in shown and 'href="/views/">All views<' in shown
    assert "Mine" not in navigation("/")
