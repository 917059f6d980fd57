"""The queue page: who is to be connected next, why and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.live import fragments
from lifecycle.live.feed.feed import Item
from lifecycle.models import AlertRule, Episode, FeedItem, MassFailure
from tests.support.pages import HTMX, make_service, make_worker, text_of

URL = "/queue/"


def connecting(inside: list[int], waiting: list[int], slowed: bool = False) -> dict[str, Any]:
    lanes = [
        {"name": "connect", "limit": 20, "inside": [], "waiting": [], "waiting_count": 0},
        {
            "name": "reconnect",
            "limit": 8,
            "inside": inside,
            "waiting": waiting,
            "waiting_count": len(waiting),
        },
    ]
    return {"lanes": lanes, "budget": {"left": 3, "capacity": 60, "per_second": 20.0, "slowed": slowed}}


def soon(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def test_a_visitor_is_sent_to_the_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_it_is_only_looked_at(viewer: Client) -> None:
    assert viewer.post(URL).status_code == 405


def test_without_anybody_to_connect_it_says_so(viewer: Client) -> None:
    make_worker()
    make_service("fine")
    page = text_of(viewer.get(URL))
    assert "The queue is empty" in page and "fine" not in page


def test_without_a_worker_it_says_that_nobody_connects_them(viewer: Client) -> None:
    make_service("dead", State.UNREACHABLE, next_retry_at=soon(60))
    assert "No worker is running" in text_of(viewer.get(URL))


def test_the_next_comes_first_with_why_when_and_lane(viewer: Client) -> None:
    later = make_service("later", State.UNREACHABLE, error_kind="refused", next_retry_at=soon(300))
    make_service("new", State.INITIALIZING)
    make_service("held", State.RECONNECTING, held_by="later db")
    inside = make_service("inside", State.RECONNECTING, error_kind="timeout", next_retry_at=soon(-2))
    second = make_service("second", State.RECONNECTING, error_kind="dns", next_retry_at=soon(-1))
    make_service("program", State.RECONNECTING, transport="stdio", next_retry_at=soon(20))
    make_service("stopped", State.RECONNECTING, desired="stopped", next_retry_at=soon(1))
    make_worker(connecting=connecting([inside.pk], [later.pk + 1000, second.pk]))
    page = text_of(viewer.get(URL))
    order = ["new", "inside", "second", "program", "later", "held"]
    places = [page.index(f">{name}</a>") for name in order]
    assert places == sorted(places)
    assert "stopped" not in page
    for words in (
        "connecting now",
        "number 2 in its lane",
        "unknown host",
        "waits for later, db",
        "Program restarts",
        "1 of 8 in use, 2 waiting",
        "3 of 60 retries left, refilled at 20 per second",
    ):
        assert words in page
    assert '<span class="on-phones">Attempts</span>' in page


def test_a_budget_that_is_slowed_down_is_said(viewer: Client) -> None:
    make_worker(connecting=connecting([], [], slowed=True))
    assert "Slowed down" in text_of(viewer.get(URL))


def test_it_is_asked_again_and_answers_only_when_something_changed(viewer: Client) -> None:
    make_worker()
    service = make_service("dead", State.UNREACHABLE, next_retry_at=soon(60))
    first = text_of(viewer.get(URL, headers=HTMX))
    assert first.lstrip().startswith("<section") and "<html" not in first
    again = first.split("seen=")[1].split('"')[0]
    assert viewer.get(URL, {"seen": again}, headers=HTMX).status_code == 204
    service.state_row.next_retry_at = soon(120)
    service.state_row.save()
    assert viewer.get(URL, {"seen": again}, headers=HTMX).status_code == 200


def test_fifty_to_a_page(viewer: Client) -> None:
    make_worker()
    for number in range(52):
        make_service(f"s{number:02}", State.RECONNECTING, next_retry_at=soon(number))
    page = text_of(viewer.get(URL))
    assert "1–50 of 52" in page and 'href="/queue/?page=2"' in page
    assert "51–52 of 52" in text_of(viewer.get(URL, {"page": "2"}))
    assert "51–52 of 52" in text_of(viewer.get(URL, {"page": "99"}))


def test_the_number_of_queries_does_not_grow(viewer: Client, django_assert_max_num_queries: Any) -> None:
    make_worker()
    for number in range(30):
        make_service(f"s{number:02}", State.RECONNECTING, next_retry_at=soon(number))
    with django_assert_max_num_queries(8):
        viewer.get(URL)


def test_the_services_page_says_its_number_in_the_queue(viewer: Client) -> None:
    service = make_service("second", State.RECONNECTING, error_kind="dns", next_retry_at=soon(-1))
    make_worker(connecting=connecting([], [service.pk + 7, service.pk]))
    page = text_of(viewer.get("/services/second/"))
    assert "Number 2 in the connection queue.</p>" in page
    assert "data-try=" not in page


def test_a_mass_failure_is_told_on_every_page_while_it_lasts(viewer: Client) -> None:
    make_worker()
    now = timezone.now()
    assert '<div id="mass-banner" class="banner" role="status" hidden>' in text_of(viewer.get("/services/"))
    mass = MassFailure.objects.create(began_at=now, total=600, failing=412)
    for url in ("/services/", URL):
        assert "412 of 600 services failed at once." in text_of(viewer.get(url))
    item = FeedItem.objects.create(kind="mass", at=now)
    shown = fragments.known(["mass-banner"])
    assert fragments.touched([Item(item.pk, item.kind, 0)], shown) == {"mass-banner"}
    assert "412 of 600" in fragments.render(["mass-banner"])["mass-banner"]
    MassFailure.objects.filter(pk=mass.pk).update(open=False, ended_at=now)
    assert "failed at once" not in text_of(viewer.get("/services/"))


def test_an_alert_of_many_services_links_to_the_failing_ones(operator: Client) -> None:
    rule = AlertRule.objects.create(
        name="Most fail", condition="mass-failure", scope={"kind": "all"}, created_at=timezone.now()
    )
    Episode.objects.create(
        rule=rule,
        service=None,
        subject_kind="fleet",
        state="firing",
        opened_at=timezone.now(),
        summary="8 of 10",
    )
    page = text_of(operator.get("/alerts/"))
    assert '<a href="/services/?sort=failing">Many services</a>' in page
    assert "More than half of all services fail at once" in text_of(operator.get("/alerts/rules/"))
