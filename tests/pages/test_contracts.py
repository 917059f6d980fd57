"""The pages about what a service offers: its history, and each change in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.models import ContractChange, Service
from tests.pages.conftest import make_service, make_worker, text_of
from tests.support.offering import offer, offer_at, tool

URL = "/services/weather/changes/"
EVIL = "<script>alert(1)</script>"


def change_of(service: Service, name: str) -> ContractChange:
    return ContractChange.objects.filter(service=service, name=name).latest("id")


@pytest.fixture
def changed(db: None) -> Service:
    """Each kind of change once."""
    service = make_service()
    offer(service, tool("a"), tool("b"), tool("c", description="old"))
    offer_at(timezone.now(), service, tool("a", "b"), tool("b"), tool("c", description="new"), tool("d"))
    return service


@pytest.mark.parametrize("path", ["", "1/"])
def test_signed_out_is_sent_to_sign_in(changed: Service, path: str) -> None:
    assert Client().get(URL + path).headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", ["", "1/"])
def test_only_reading_is_possible(viewer: Client, changed: Service, path: str) -> None:
    assert viewer.post(URL + path).status_code == 405


def test_what_is_not_there_is_not_found(viewer: Client, changed: Service) -> None:
    other = make_service("other")
    offer(other, tool("x"))
    foreign = ContractChange.objects.get(service=other)
    for path in ("/services/none/changes/", f"{URL}{foreign.pk}/", f"{URL}{10**30}/"):
        assert viewer.get(path).status_code == 404


def test_each_change_is_a_line_with_its_kind_in_a_word(viewer: Client, changed: Service) -> None:
    page = text_of(viewer.get(URL))
    for words in (
        '<span class="state s-unreachable">Breaking</span>',
        "b: was optional, is now required",
        '<span class="state s-healthy">Compatible</span>',
        "new tool",
        '<span class="state l-rest">Text only</span>',
        "its description changed",
        "First listing",
        "offers 3 tools",
    ):
        assert words in page
    assert page.index("was optional") < page.index("First listing")
    breaking = text_of(viewer.get(URL, {"kind": "breaking"}))
    assert "was optional" in breaking
    assert "its description" not in breaking


def test_one_change_shows_both_definitions_by_line(viewer: Client, changed: Service) -> None:
    page = text_of(viewer.get(f"{URL}{change_of(changed, 'a').pk}/"))
    assert "b: was optional, is now required" in page
    assert '<tr class="out">' in page
    assert '<tr class="in">' in page
    added = text_of(viewer.get(f"{URL}{change_of(changed, 'd').pk}/"))
    assert '<tr class="in">' in added
    assert '<tr class="out">' not in added


def test_a_long_history_comes_in_pages(viewer: Client, django_assert_max_num_queries: Any) -> None:
    service = make_service()
    make_worker()
    for n in range(60):
        offer_at(timezone.now() + timedelta(seconds=n), service, tool("a", description=f"text {n}"))
    with django_assert_max_num_queries(8):
        page = text_of(viewer.get(URL))
    assert page.count('id="change-') == 50
    assert "1–50 of 60" in page
    assert text_of(viewer.get(URL, {"page": 2})).count('id="change-') == 10
    assert text_of(viewer.get(URL, {"page": "99999999999"})).count('id="change-') == 50


def test_empty_lists_say_what_comes_next(viewer: Client) -> None:
    service = make_service()
    assert "No change yet" in text_of(viewer.get(URL))
    offer(service, tool("a"))
    assert "Show all changes" in text_of(viewer.get(URL, {"kind": "text"}))


def test_nothing_that_a_server_says_becomes_markup(viewer: Client) -> None:
    service = make_service()
    offer(service, tool("a"))
    offer(service, tool("a", description=EVIL), tool(EVIL, title=EVIL))
    page = text_of(viewer.get(URL)) + text_of(viewer.get(f"{URL}{change_of(service, EVIL).pk}/"))
    assert EVIL not in page
    assert "&lt;script" in page


def test_the_service_page_leads_there(viewer: Client, changed: Service) -> None:
    assert f'href="{URL}"' in text_of(viewer.get("/services/weather/"))
