"""The page of the dependencies, and what a service's page says of its own."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lifecycle.core.machine.states import State
from lifecycle.dependencies import presenter as dependency_presenter
from lifecycle.live import rendering
from registry.models import Dependency, Service
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db
PAGE = "/dependencies/"


def need(name: str, *others: str) -> None:
    """Make what is not there yet, healthy, and tie it together."""
    services = {one: Service.objects.filter(name=one).first() or make_service(one) for one in (name, *others)}
    for other in others:
        Dependency.objects.create(service=services[name], depends_on=services[other])


def drawn(page: str) -> list[str]:
    """The boxes in the order in which a keyboard meets them."""
    return re.findall(r'class="node [^>]*href="/services/([^"/]+)/"', page)


def rows(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/services/([^"/]+)/"', page)


def test_signed_out_people_are_sent_to_the_sign_in() -> None:
    assert Client().get(PAGE)["Location"] == f"/login/?next={PAGE}"


def test_it_is_only_read(viewer: Client) -> None:
    assert viewer.post(PAGE).status_code == 405


def test_without_dependencies_it_says_how_to_make_one(viewer: Client) -> None:
    make_service("alone")
    page = text_of(viewer.get(PAGE))
    assert "No dependencies yet" in page and "dependsOn" in page
    assert "<svg class=" not in page


def test_only_services_with_dependencies_are_drawn_in_the_order_of_their_start(viewer: Client) -> None:
    make_service("alone")
    need("web", "api")
    need("api", "database")
    page = text_of(viewer.get(PAGE))
    assert drawn(page) == ["database", "api", "web"]
    assert rows(page) == ["api", "database", "web"]
    assert page.count("data-ends=") == 2
    assert "3 services, 2 dependencies." in page
    assert 'aria-current="true">Dependencies</a>' in page


def test_states_are_told_by_word_and_shape_and_so_is_the_waiting(viewer: Client) -> None:
    make_service("maps", State.UNREACHABLE)
    make_service("weather", State.RECONNECTING, held_by="maps")
    need("weather", "maps")
    page = text_of(viewer.get(PAGE))
    assert page.count('<span class="state s-unreachable">Unreachable</span>') == 2
    assert page.count("<small>waits for maps</small>") == 2


def test_one_service_is_shown_with_all_that_it_needs_and_all_that_needs_it(viewer: Client) -> None:
    need("web", "api")
    need("api", "database")
    need("mail", "database")
    need("other", "another")
    page = text_of(viewer.get(f"{PAGE}?service=api"))
    assert drawn(page) == ["database", "api", "web"]
    assert re.findall(r"is-chosen[^>]*title=\"(\w+)\"", page) == ["api"]
    assert "Show all dependencies" in page


def test_a_name_that_takes_part_in_nothing_is_said_and_all_are_shown(viewer: Client) -> None:
    need("web", "api")
    make_service("alone")
    page = text_of(viewer.get(f"{PAGE}?service=alone"))
    assert "alone has no dependencies" in page
    assert drawn(page) == ["api", "web"]


def test_a_name_of_no_service_is_said_to_be_none(viewer: Client) -> None:
    need("web", "api")
    page = text_of(viewer.get(f"{PAGE}?service=<b>%00"))
    assert "There is no service named &lt;b&gt;" in page
    assert drawn(page) == ["api", "web"]


def test_htmx_gets_the_picture_and_the_table_with_their_address(viewer: Client) -> None:
    need("web", "api")
    answer = viewer.get(f"{PAGE}?service=api", headers=HTMX)
    assert text_of(answer).startswith('<section id="graph"')
    assert answer["HX-Push-Url"] == f"{PAGE}?service=api"


def test_too_many_for_a_picture_are_a_table_in_pages_until_one_is_named(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependency_presenter, "DRAWN_AT_MOST", 3)
    monkeypatch.setattr(dependency_presenter, "PAGE_SIZE", 2)
    need("a", "b")
    need("c", "d")
    page = text_of(viewer.get(PAGE))
    assert "Too many for a graph" in page and drawn(page) == []
    assert rows(page) == ["a", "b"]
    assert rows(text_of(viewer.get(f"{PAGE}?page=2"))) == ["c", "d"]
    assert rows(text_of(viewer.get(f"{PAGE}?page=99"))) == ["c", "d"]
    assert drawn(text_of(viewer.get(f"{PAGE}?service=d"))) == ["d", "c"]


def test_the_number_of_queries_does_not_grow_with_the_services(viewer: Client) -> None:
    need("web", "api")
    viewer.get(PAGE)
    counts = []
    for more in (0, 30):
        for number in range(more):
            need(f"s-{number}", "api")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            viewer.get(PAGE)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_what_is_no_longer_listed_is_not_drawn(viewer: Client) -> None:
    need("web", "api", "old")
    Service.objects.filter(name="old").update(archived_at="2026-11-21T12:00:00Z")
    need("gone", "api")
    Service.objects.filter(name="gone").update(removed_at="2026-11-21T12:00:00Z")
    page = text_of(viewer.get(PAGE))
    assert drawn(page) == ["api", "web"]
    assert rows(page) == ["api", "web"]


def test_what_the_feed_pushes_is_what_the_page_shows(viewer: Client) -> None:
    make_service("weather", State.RECONNECTING, held_by="maps")
    need("weather", "maps")
    page = text_of(viewer.get(PAGE))
    pk = Service.objects.get(name="weather").pk
    pushed = rendering.render_related([f"node-{pk}", f"need-{pk}", "node-999"])
    assert sorted(pushed) == [f"need-{pk}", f"node-{pk}"]
    for html in pushed.values():
        assert ' hx-swap-oob="true"' in html
        assert html.replace(' hx-swap-oob="true"', "").strip() in page


def test_the_service_page_names_both_sides_with_their_states(viewer: Client) -> None:
    make_service("maps", State.UNREACHABLE)
    need("weather", "maps")
    need("news", "weather")
    page = text_of(viewer.get("/services/weather/"))
    card = page[page.index('id="relations"') : page.index('id="relations"') + 3000]
    assert re.findall(r'<a href="/services/(\w+)/">', card)[:2] == ["maps", "news"]
    assert "Unreachable" in card and "Healthy" in card
    assert "/dependencies/?service=weather" in card


def test_a_service_without_dependencies_has_no_such_card(viewer: Client) -> None:
    make_service("alone")
    assert 'id="relations"' not in text_of(viewer.get("/services/alone/"))


def test_removing_offers_to_free_dependents_only_where_there_are_some(operator: Client) -> None:
    need("web", "api")
    assert "Also remove it from the one service that depends on it" in text_of(operator.get("/services/api/"))
    page = text_of(operator.get("/services/web/"))
    assert 'id="ask-remove"' in page
    assert "Also remove it" not in page
