"""The pages about what a service offers: its history, and each change in full."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Command
from registry.contracts import approve as contract_approve
from registry.contracts import record as contract_record
from registry.models import AuditEntry, ContractChange, Service, WaitingTool
from tests.support.offering import offer, offer_at, tool
from tests.support.pages import HTMX, days_counted, make_service, make_tool, make_worker, text_of

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
    assert "No changes yet" in text_of(viewer.get(URL))
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


# Pinned tools, and what waits


@pytest.fixture
def waiting(db: None) -> Service:
    """A pinned service: `a` changed, `b` went away, `c` is new."""
    service = make_service()
    offer(service, tool("a"), tool("b"))
    contract_approve.pin("weather", by="ann", now=timezone.now())
    offer_at(timezone.now(), service, tool("a", "b"), tool("c"))
    return service


def hash_of(name: str) -> str:
    return WaitingTool.objects.get(name=name).digest


def names_waiting() -> set[str]:
    return set(WaitingTool.objects.values_list("name", flat=True))


WAITING = "/services/weather/waiting/"
ACTS = ["/services/weather/pin/", f"{WAITING}approve/", f"{WAITING}approve-all/", f"{WAITING}refuse/"]


@pytest.mark.parametrize("path", ACTS)
def test_only_operators_decide_and_only_by_post(
    viewer: Client, operator: Client, waiting: Service, path: str
) -> None:
    assert Client().post(path).headers["Location"].startswith("/login/?next=")
    assert viewer.post(path).status_code == 403
    assert operator.get(path).status_code == 405
    assert operator.post(path.replace("weather", "none")).status_code == 404


def test_pinning_shows_and_unpinning_takes_what_waits(operator: Client, viewer: Client) -> None:
    service = make_service()
    make_tool(service)
    answer = operator.post("/services/weather/pin/", {"pinned": "1"}, headers=HTMX)
    assert (answer.status_code, "never listed" in text_of(answer)) == (409, True)
    service.tools.all().delete()
    offer(service, tool("a"))
    assert "Pin tools" in text_of(operator.get("/services/weather/"))
    assert "Pin tools" not in text_of(viewer.get("/services/weather/"))
    answer = operator.post("/services/weather/pin/", {"pinned": "1"}, headers=HTMX)
    assert ">Pinned</span>" in text_of(answer)
    offer(service, tool("a", "b"))
    page = text_of(operator.get("/services/weather/"))
    assert "<b>One change awaits approval.</b>" in page
    assert "changed, awaiting approval" in page
    assert "The pending change is accepted" in page
    assert operator.post("/services/weather/pin/", {"pinned": "0"}).status_code == 302
    assert names_waiting() == set()


def test_the_list_counts_what_nobody_has_decided_and_narrows_to_it(
    operator: Client, waiting: Service, django_assert_max_num_queries: Any
) -> None:
    make_service("calm")
    make_worker()
    days_counted()
    with django_assert_max_num_queries(8):
        page = text_of(operator.get("/services/", {"approval": "waiting"}))
    assert "3 tools to approve" in page
    assert "calm" not in page
    assert "calm" in text_of(operator.get("/services/"))
    operator.post(f"{WAITING}refuse/", {"tool": "a", "hash": hash_of("a")})
    assert "2 tools to approve" in text_of(operator.get("/services/"))
    asked = operator.post("/batches/ask/", {"action": "stop", "everything": "1", "approval": "waiting"})
    assert "Stop 1 service?" in text_of(asked)


def test_each_change_that_waits_is_shown_against_what_was_approved(viewer: Client, waiting: Service) -> None:
    page = text_of(viewer.get(WAITING))
    for words in ("b: was optional, is now required", "new tool", "is no longer offered", '<tr class="in">'):
        assert words in page
    assert "Approve" not in page.replace("Changes from the approved", "")
    make_service("calm")
    assert "not pinned" in text_of(viewer.get("/services/calm/waiting/"))


def test_approving_one_takes_it_and_shows_the_others(operator: Client, waiting: Service) -> None:
    answer = operator.post(f"{WAITING}approve/", {"tool": "a", "hash": hash_of("a")}, headers=HTMX)
    page = text_of(answer)
    assert "Approved: a" in page
    assert page.startswith('<section id="waiting"')
    assert names_waiting() == {"b", "c"}
    answer = operator.post(f"{WAITING}approve/", {"tool": "b", "hash": ""})
    assert (answer.status_code, answer.headers["Location"]) == (302, WAITING)
    assert AuditEntry.objects.filter(actor="operator-1", action="contract approved").count() == 2


def test_what_changed_since_it_was_looked_at_is_not_approved(operator: Client, waiting: Service) -> None:
    seen = {name: hash_of(name) for name in "ac"}
    every = contract_record.list_hash(WaitingTool.objects.values_list("name", "digest"))
    offer(waiting, tool("a", "a"), tool("c"))
    for path, body in (
        ("approve/", {"tool": "a", "hash": seen["a"]}),
        ("refuse/", {"tool": "a", "hash": seen["a"]}),
        ("approve-all/", {"hash": every}),
    ):
        answer = operator.post(WAITING + path, body, headers=HTMX)
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#messages")
        assert "changed" in text_of(answer)
    assert names_waiting() == {"a", "b", "c"}
    assert operator.post(f"{WAITING}approve/", {"tool": "zzz", "hash": ""}).status_code == 404


def test_all_are_approved_as_the_page_showed_them(operator: Client, waiting: Service) -> None:
    form = re.search(r'name="hash" value="([0-9a-f]+)"><button>Approve all 3', text_of(operator.get(WAITING)))
    assert form
    answer = operator.post(f"{WAITING}approve-all/", {"hash": form[1]}, headers=HTMX)
    assert "Nothing awaits approval" in text_of(answer)
    assert set(waiting.tools.values_list("name", flat=True)) == {"a", "c"}


@pytest.mark.parametrize("name", ["a", "c"])
def test_a_call_to_a_tool_that_waits_is_refused_with_the_reason(
    operator: Client, waiting: Service, name: str
) -> None:
    body = {"tool": name, "arguments": "{}"}
    answer = operator.post("/services/weather/tools/call/", body, headers=HTMX)
    assert answer.status_code == 409
    assert "waits for approval" in text_of(answer)
    assert not Command.objects.exists()


def test_many_that_wait_come_in_pages(viewer: Client, django_assert_max_num_queries: Any) -> None:
    service = make_service()
    make_worker()
    offer(service, tool("a"))
    contract_approve.pin("weather", by="ann", now=timezone.now())
    offer(service, *(tool(f"new-{n:02}") for n in range(44)))
    with django_assert_max_num_queries(8):
        page = text_of(viewer.get(WAITING, {"page": "2"}))
    assert page.count("<article") == 20
    assert "21–40 of 45" in page
