"""Bulk actions in the pages: chosen, asked, begun, followed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import waves as bulk_waves
from registry.models import AuditEntry, Dependency, Service
from tests.support.pages import HTMX, make_service, make_worker, text_of

pytestmark = pytest.mark.django_db(transaction=True)
ASK, BEGIN = "/batches/ask/", "/batches/begin/"


def three() -> list[str]:
    names = ["alpha", "beta", "gamma"]
    for name in names:
        make_service(name)
    return names


def begin(client: Client, action: str = "stop", count: int = 3, **more: Any) -> Any:
    return client.post(BEGIN, {"action": action, "everything": "1", "count": str(count)}, **more)


def answer(state: str, error: str = "") -> None:
    Command.objects.filter(state="queued").update(state=state, error=error, finished_at=timezone.now())
    bulk_waves.advance(timezone.now())


def test_signed_out_is_sent_to_sign_in_and_a_viewer_may_only_look(viewer: Client) -> None:
    three()
    for path in (ASK, BEGIN, "/batches/1/cancel/", "/batches/1/retry/"):
        assert Client().post(path).headers["Location"].startswith("/login/?next=")
        assert viewer.post(path).status_code == 403
    assert "No bulk actions yet" in text_of(viewer.get("/batches/"))
    page = text_of(viewer.get("/services/"))
    assert 'class="can-pick"' not in page and 'id="bulk"' not in page


def test_the_question_names_the_count_and_what_becomes_of_them(operator: Client) -> None:
    three()
    ids = list(Service.objects.values_list("pk", flat=True))
    asked = operator.post(ASK, {"action": "stop", "pick": [str(pk) for pk in ids[:2]]}, headers=HTMX)
    page = text_of(asked)
    assert "Stop 2 services?" in page
    assert "stay stopped until someone starts them" in page
    assert "<html" not in page
    everything = text_of(operator.post(ASK, {"action": "remove", "everything": "1", "q": "a"}))
    assert "Remove 3 services?" in everything and "<html" in everything
    assert not Batch.objects.exists()


def test_nobody_chosen_and_unknown_actions_are_said(operator: Client) -> None:
    three()
    assert operator.post(ASK, {"action": "stop"}, headers=HTMX).status_code == 422
    assert "No services selected" in text_of(operator.post(ASK, {"action": "stop"}, follow=True))
    assert operator.post(ASK, {"action": "explode", "everything": "1"}, headers=HTMX).status_code == 422


def test_it_is_asked_again_when_another_number_matches_by_now(operator: Client) -> None:
    three()
    answer = begin(operator, count=2)
    assert answer.status_code == 409
    assert "The number of matching services has changed" in text_of(answer)
    assert "Stop 3 services?" in text_of(answer)
    assert not Batch.objects.exists()


def test_what_was_confirmed_begins_and_shows_its_progress(operator: Client) -> None:
    three()
    answer_page = begin(operator, headers=HTMX)
    batch = Batch.objects.get()
    url = f"/batches/{batch.pk}/"
    assert answer_page.headers["HX-Redirect"] == url
    assert AuditEntry.objects.latest("id").target == "stop of 3 services"
    page = text_of(operator.get(url))
    assert "0 of 3 finished" in page and "No worker is running" in page
    assert f"live:batch-{batch.pk}" in page
    make_worker()
    bulk_waves.advance(timezone.now())
    answer("done")
    fragment = text_of(operator.get(url, headers=HTMX))
    assert "3 of 3 finished" in fragment and "<html" not in fragment
    assert "live:batch" not in fragment
    assert "Done</span>" in text_of(operator.get("/batches/"))


def test_those_that_failed_come_first_with_their_reason_and_can_be_tried_again(operator: Client) -> None:
    three()
    make_service("idle", State.DISCONNECTED)
    begin(operator, "check", 4)
    bulk_waves.advance(timezone.now())
    answer("done")
    batch = Batch.objects.get()
    page = text_of(operator.get(f"/batches/{batch.pk}/"))
    assert "idle is stopped; start it first" in page
    assert 'href="/services/idle/"' in page and ">alpha</a>" not in page
    assert ">alpha</a>" in text_of(operator.get(f"/batches/{batch.pk}/?state=done"))
    answer_page = operator.post(f"/batches/{batch.pk}/retry/")
    again = Batch.objects.latest("id")
    assert answer_page.headers["Location"] == f"/batches/{again.pk}/"
    assert (again.total, again.action) == (1, "check")
    done = operator.post(f"/batches/{again.pk}/retry/", headers=HTMX)
    assert done.status_code == 409


def test_what_has_not_begun_can_be_cancelled(operator: Client) -> None:
    three()
    begin(operator)
    batch = Batch.objects.get()
    page = text_of(operator.post(f"/batches/{batch.pk}/cancel/", headers=HTMX))
    assert "cancelled by operator-1" in page
    assert operator.post(f"/batches/{batch.pk}/cancel/", headers=HTMX).status_code == 409
    assert set(Command.objects.values_list("state", flat=True)) == {"cancelled"}
    assert set(Service.objects.values_list("desired", flat=True)) == {"running"}


def test_a_bulk_action_that_there_is_not(operator: Client) -> None:
    assert operator.get("/batches/7/").status_code == 404
    assert operator.post("/batches/7/cancel/").status_code == 404


def test_force_is_asked_by_its_own_word(operator: Client) -> None:
    three()
    begin(operator, "force-stop")
    batch = Batch.objects.get()
    assert (batch.action, batch.force) == ("stop", True)
    assert set(Command.objects.values_list("kind", "force")) == {("stop", True)}


def chain() -> None:
    """web needs api, api needs database."""
    made = [make_service(name) for name in ("database", "api", "web")]
    for other, service in pairwise(made):
        Dependency.objects.create(service=service, depends_on=other)


def test_a_stop_that_others_need_asks_first_and_can_take_them_along(operator: Client) -> None:
    chain()
    page = text_of(operator.get("/services/database/"))
    assert "2 running services depend on it: api, web." in page and "Stop all 3" in page
    assert 'data-opens="ask-stop"' in page and 'data-opens="ask-start"' not in page
    begun = operator.post("/services/database/together/stop/", {"count": "3"})
    batch = Batch.objects.get()
    assert begun.headers["Location"] == f"/batches/{batch.pk}/"
    waves = batch.members.order_by("wave").values_list("wave", "service__name")
    assert list(waves) == [(1, "web"), (2, "api"), (3, "database")]


def test_a_start_offers_what_it_needs_and_is_stopped(operator: Client) -> None:
    chain()
    Service.objects.exclude(name="database").update(desired="stopped")
    page = text_of(operator.get("/services/web/"))
    assert "It depends on 1 stopped service: api." in page and "Start all 2" in page
    operator.post("/services/web/together/start/", {"count": "2"})
    waves = Batch.objects.get().members.order_by("wave").values_list("wave", "service__name")
    assert list(waves) == [(1, "api"), (2, "web")]


def test_alone_it_is_started_and_stopped_without_a_question(operator: Client) -> None:
    chain()
    page = text_of(operator.get("/services/web/"))
    assert "ask-stop" not in page and "ask-start" not in page


def test_if_others_come_along_than_were_named_it_is_asked_again(operator: Client) -> None:
    chain()
    asked = operator.post("/services/database/together/stop/", {"count": "2"})
    assert asked.status_code == 409
    assert "Stop 3 services?" in text_of(asked) and "Review again" in text_of(asked)
    assert not Batch.objects.exists()


def test_going_together_is_for_operators_and_for_start_and_stop(viewer: Client, operator: Client) -> None:
    chain()
    path = "/services/database/together/stop/"
    assert Client().post(path).headers["Location"].startswith("/login/?next=")
    assert viewer.post(path).status_code == 403
    assert operator.get(path).status_code == 405
    assert operator.post("/services/database/together/check/").status_code == 404
    assert operator.post("/services/none/together/stop/").status_code == 404


def test_the_progress_shows_each_wave(operator: Client) -> None:
    chain()
    operator.post("/services/database/together/stop/", {"count": "3"})
    path = f"/batches/{Batch.objects.get().pk}/"
    bulk_waves.advance(timezone.now())
    answer("done")
    page = text_of(operator.get(path))
    strip = page[page.index('<ol class="waves"') : page.index("</ol>")]
    steps = re.findall(r"<b>(Wave \d)</b> <span class=\"state [\w-]+\">([\w ]+)</span>.*?<small>(\w+)", strip)
    assert steps == [
        ("Wave 1", "Done", "web"),
        ("Wave 2", "In progress", "api"),
        ("Wave 3", "Waiting", "database"),
    ]
    assert strip.count('aria-current="step"') == 1
    assert "Wave</span> 3</td>" in text_of(operator.get(f"{path}?state=planned"))


def test_without_an_order_there_are_no_waves_to_show(operator: Client) -> None:
    three()
    begin(operator)
    page = text_of(operator.get(f"/batches/{Batch.objects.get().pk}/"))
    assert 'class="waves"' not in page and ">Wave<" not in page
