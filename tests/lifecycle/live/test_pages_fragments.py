"""What the live feed pushes is what the page shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.live import fragments, rendering
from lifecycle.models import ServiceState
from tests.support.pages import days_counted, make_checks, make_service, make_worker, text_of

pytestmark = pytest.mark.django_db


def without_oob(html: str) -> str:
    return html.replace(' hx-swap-oob="true"', "")


def test_a_pushed_row_is_the_row_of_the_page(viewer: Client) -> None:
    service = make_service(state=State.WARNING)
    make_checks(service, [0, 1, 3])
    pushed = rendering.render_service(service.pk)
    assert pushed.startswith(f'<tr id="service-{service.pk}"')
    assert ' hx-swap-oob="true"' in pushed
    assert without_oob(pushed) in text_of(viewer.get("/services/"))


def test_a_pushed_head_is_the_head_of_the_page_whoever_looks(viewer: Client, operator: Client) -> None:
    service = make_service(state=State.UNREACHABLE, error_kind="dns", error_message="unknown host")
    pushed = rendering.render_head(service.pk)
    assert pushed.startswith(f'<section id="service-head-{service.pk}"')
    for client in (viewer, operator):
        assert without_oob(pushed) in text_of(client.get("/services/weather/"))


def test_pushed_counts_swap_the_numbers_alone(viewer: Client) -> None:
    make_service(state=State.WARNING)
    pushed = rendering.render_counts()
    assert '<b id="count-WARNING" hx-swap-oob="true">1</b>' in pushed
    assert '<b id="count-all" hx-swap-oob="true">1</b>' in pushed
    assert "input" not in pushed
    page = text_of(viewer.get("/services/"))
    for number in without_oob(pushed).strip().split("</b>")[:-1]:
        assert number + "</b>" in page


def test_a_pushed_sign_is_the_sign_of_the_page(viewer: Client) -> None:
    make_worker(stopped_at=timezone.now())
    pushed = rendering.render_worker_sign()
    assert "Stale: no worker" in pushed
    assert without_oob(pushed).split("<time")[0] in text_of(viewer.get("/services/"))


def test_the_badge_hides_at_none() -> None:
    assert "hidden" in rendering.render_alert_badge()


def test_the_line_of_what_is_no_longer_listed_is_pushed_as_nothing() -> None:
    gone = make_service(removed_at=timezone.now())
    assert rendering.render_service(gone.pk) == ""
    assert rendering.render_services([gone.pk, 10**9]) == {}


def test_the_page_of_what_is_no_longer_listed_is_told_so_and_asks_for_no_more() -> None:
    removed = make_service("r", removed_at=timezone.now(), removed_by="ann")
    archived = make_service("a", archived_at=timezone.now())
    here = make_service("h")
    for pk, said in ((removed.pk, "removed by ann"), (archived.pk, "archived"), (10**9, "deleted")):
        names = {f"service-head-{pk}", f"service-more-{pk}", f"service-logs-{pk}"}
        made = fragments.render(names)
        assert set(made) == {f"service-head-{pk}"}
        assert said in made[f"service-head-{pk}"]
        assert f'id="service-head-{pk}"' in made[f"service-head-{pk}"]
    assert set(fragments.render({f"service-more-{here.pk}"})) == {f"service-more-{here.pk}"}


def test_many_rows_take_two_queries(django_assert_num_queries: Any) -> None:
    ids = [make_service(f"s{n}").pk for n in range(60)]
    days_counted()
    with django_assert_num_queries(2):
        assert set(rendering.render_services(ids)) == set(ids)


def test_hundreds_of_rows_are_rendered_by_two_queries(django_assert_num_queries: Any) -> None:
    ids = [make_service(f"s{n}", None).pk for n in range(520)]
    days_counted()
    with django_assert_num_queries(2):
        assert len(rendering.render_services(ids)) == 520


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("kind", ["", "timeout", "auth", "brand-new"])
def test_every_state_has_a_row_and_a_head(state: State, kind: str) -> None:
    service = make_service(state=state, error_kind=kind, error_message="x", next_retry_at=timezone.now())
    assert f'data-state="{state}"' in rendering.render_service(service.pk)
    assert f'data-state="{state}"' in rendering.render_head(service.pk)
    assert ServiceState.objects.get().state == state
