"""The page of targets and its form, and the budgets on the page of a service."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.expectations.slo import Budget
from lifecycle.models import Slo, SloState
from lifecycle.monitoring.uptime.slo import presenter
from registry.models import AuditEntry
from tests.support.pages import HTMX, make_service, make_worker, text_of

pytestmark = pytest.mark.django_db
URL = "/settings/targets/"
GIVEN = {"about": "service", "name": "weather", "kind": "availability", "percent": "99.9", "days": "30"}


def make_slo(**fields: Any) -> Slo:
    values = {
        "kind": "availability",
        "percent": Decimal("99.9"),
        "created_by": "o",
        "created_at": timezone.now(),
    }
    return Slo.objects.create(**values | fields)


def make_state(slo: Slo, **fields: Any) -> SloState:
    values = {
        "version": slo.version,
        "evaluated_at": timezone.now(),
        "members": 1,
        "total_s": 2592.0,
        "left_s": 1872.0,
        "share": 0.9997,
        "known_s": 86400.0,
        "burns": {"3600": 0.5, "300": None},
    }
    return SloState.objects.create(slo=slo, **values | fields)


def line(slo: Slo) -> presenter.BudgetLine:
    return presenter.line_of(
        Slo.objects.select_related("service", "state_row").get(pk=slo.pk), timezone.now()
    )


@pytest.mark.parametrize("path", ["", "add/", "1/", "1/remove/"])
def test_a_visitor_is_sent_to_the_sign_in(client: Client, path: str) -> None:
    assert client.get(URL + path).status_code == 302


def test_a_viewer_looks_and_changes_nothing(viewer: Client) -> None:
    slo = make_slo(service=make_service())
    page = text_of(viewer.get(URL))
    assert "weather" in page and "Add target" not in page
    for path in ("add/", f"{slo.pk}/", f"{slo.pk}/remove/"):
        assert viewer.post(URL + path, GIVEN).status_code == 403
    assert Slo.objects.count() == 1


def test_without_targets_it_says_what_one_is(operator: Client) -> None:
    assert "which allows 43 minutes of downtime" in text_of(operator.get(URL))


def test_one_is_added_changed_and_removed(operator: Client) -> None:
    make_service()
    assert operator.post(f"{URL}add/", GIVEN, headers=HTMX)["HX-Redirect"] == URL
    slo = Slo.objects.get()
    assert (slo.kind, slo.percent, slo.days, slo.under_ms) == ("availability", Decimal("99.9"), 30, None)
    changed = {**GIVEN, "about": "tag", "name": "team-a", "kind": "response", "under_ms": "500", "days": "7"}
    assert operator.post(f"{URL}{slo.pk}/", changed).status_code == 302
    slo.refresh_from_db()
    assert (slo.service_id, slo.tag, slo.under_ms, slo.days, slo.version) == (None, "team-a", 500, 7, 2)
    assert operator.post(f"{URL}{slo.pk}/remove/").status_code == 302
    assert not Slo.objects.exists()
    said = list(AuditEntry.objects.order_by("pk").values_list("action", "target"))
    assert said == [("target added", "weather"), ("target changed", "#team-a"), ("target removed", "#team-a")]


def test_another_goal_keeps_what_was_measured(operator: Client) -> None:
    slo = make_slo(service=make_service())
    operator.post(f"{URL}{slo.pk}/", {**GIVEN, "percent": "99.5"})
    slo.refresh_from_db()
    assert (slo.percent, slo.version) == (Decimal("99.5"), 1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "nobody"}, "There is no service with this name."),
        ({"percent": "100"}, "less than or equal to 99.999"),
        ({"percent": "high"}, "Enter a number."),
        ({"kind": "response", "under_ms": ""}, "Enter a number of milliseconds."),
        ({"days": "8"}, "Select a valid choice."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_refused_in_words(operator: Client, wrong: dict[str, str], words: str) -> None:
    make_service()
    answer = operator.post(f"{URL}add/", {**GIVEN, **wrong}, headers=HTMX)
    assert answer.status_code == 422 and words in text_of(answer)
    assert operator.post(f"{URL}add/", {**GIVEN, **wrong}).status_code == 422
    assert not Slo.objects.exists()


def test_the_form_of_one_shows_it(operator: Client) -> None:
    slo = make_slo(tag="team-a", kind="response", under_ms=250, days=7)
    page = text_of(operator.get(f"{URL}{slo.pk}/"))
    assert 'value="team-a"' in page and 'value="250"' in page and 'value="99.9"' in page
    assert 'value="weather"' in text_of(operator.get(f"{URL}add/?service=weather"))


def test_words_of_a_budget() -> None:
    now = timezone.now()
    slo = Slo(percent=Decimal("99.9"), days=30, kind="availability")
    row = SloState(slo=slo, known_s=1.0)

    def words(total: float, left: float) -> str:
        return presenter.words_of(row, Budget(total, left), now)

    assert words(2592, 1919) == "31 of 43 minutes left"
    assert words(259.2, 250) == "4.1 of 4.3 minutes left"
    assert words(26, 20.4) == "20 of 26 seconds left"
    assert words(2592, -720) == "Exhausted: 12 minutes over the budget of 43 minutes."
    assert words(129600, 129599) == "2,159 of 2,160 minutes left"


def test_each_standing_has_its_badge() -> None:
    slo = make_slo(service=make_service())
    assert (line(slo).badge, line(slo).words) == ("Unknown", "Available within a minute.")
    row = make_state(slo)
    for fields, badge in (
        ({}, "Met"),
        ({"left_s": 600.0}, "Low"),
        ({"pages": "3600/300"}, "Burning fast"),
        ({"left_s": -1.0}, "Exhausted"),
        ({"known_s": 0.0}, "Unknown"),
        ({"version": 7}, "Unknown"),
    ):
        SloState.objects.filter(pk=row.pk).update(**{"left_s": 1872.0, "pages": "", **fields})
        assert line(slo).badge == badge, fields
    SloState.objects.update(evaluated_at=timezone.now() - timedelta(minutes=6))
    assert not line(slo).stale
    SloState.objects.update(version=1)
    assert line(slo).stale


def test_the_tightest_come_first_and_the_unknown_last() -> None:
    now = timezone.now()
    unknown, good, bad = (make_slo(tag=tag) for tag in ("x", "y", "z"))
    make_state(good)
    make_state(bad, left_s=10.0)
    assert [found.id for found in presenter.budgets(5, now)] == [bad.pk, good.pk, unknown.pk]
    assert [found.id for found in presenter.budgets(1, now)] == [bad.pk]


def test_a_service_shows_its_own_budgets_and_those_of_its_tags(viewer: Client) -> None:
    service = make_service(tags=["team-a"])
    make_state(make_slo(service=service))
    make_state(make_slo(tag="team-a", percent=Decimal("95")), total_s=100_000.0, left_s=90_000.0)
    make_state(make_slo(tag="other", percent=Decimal("55")))
    page = text_of(viewer.get("/services/weather/"))
    assert "31 of 43 minutes left" in page and "1,500 of 1,666 minutes left" in page
    assert "55 % available" not in page


def test_fifty_targets_are_one_query(viewer: Client, django_assert_max_num_queries: Any) -> None:
    service = make_service(state=State.HEALTHY)
    make_worker()
    for n in range(50):
        make_state(make_slo(tag=f"t{n}") if n % 2 else make_slo(service=service))
    viewer.get(URL)
    with django_assert_max_num_queries(5):
        assert viewer.get(URL).status_code == 200
