"""Checks from before an upgrade are summed up in the background, while new ones come."""

from __future__ import annotations

import random

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.models import RollupMark
from lifecycle.monitoring.rollups import backfill, fleet, marks, roll_up
from lifecycle.monitoring.rollups.prune import Pruning
from lifecycle.monitoring.rollups.write import Rollups
from tests.lifecycle.monitoring.rollups.checking import (
    START,
    insert,
    make_services,
    moment,
    record,
    stored,
    sums_agree,
)
from tests.lifecycle.monitoring.rollups.test_write import some
from tests.support.pages import HTMX, make_service, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def upgraded(chance: random.Random, number: int) -> list[int]:
    """Checks of two days by a console that was off since, and the mark that the migration makes."""
    ids = make_services(number)
    for n in range(60):
        insert(some(chance, ids, START - 3 * DAY + n * 1800))
    insert(some(chance, ids, START - 1))
    marks.move(marks.BACKFILL, START // HOUR * HOUR)
    return ids


def test_all_are_summed_up_while_new_ones_come() -> None:
    chance = random.Random(4)
    ids, rollups = upgraded(chance, 6), Rollups()
    for n in range(10):
        record(rollups, some(chance, ids, START + n * 20))
        backfill.step(moment(START + n * 20))
        assert (
            not roll_up.step(moment(START + n * 20))
            or not RollupMark.objects.filter(name="backfill").exists()
        )
    assert not RollupMark.objects.filter(name="backfill").exists()
    while roll_up.step(moment(START + 3 * DAY)):
        pass
    assert sums_agree(closed=True)


def test_its_progress_can_be_read() -> None:
    upgraded(random.Random(1), 4)
    shares = [marks.backfill_progress()]
    while backfill.step(moment(START)):
        shares.append(marks.backfill_progress())
    assert shares == [0, 0.25, 0.5, 0.75, 1] and marks.backfill_progress() is None


def test_it_can_be_repeated() -> None:
    """As after a kill between two steps, or before the mark was committed."""
    upgraded(random.Random(2), 3)
    while backfill.step(moment(START)):
        marks.move(marks.BACKFILL, START) if random.Random(len(stored(300))).random() < 0.2 else None
    assert sums_agree()


def test_nothing_is_deleted_before_it_is_summed_up() -> None:
    upgraded(random.Random(3), 2)
    assert not Pruning().step({0: 0, 300: 0, 3600: 0, 86400: 0}, moment(START + DAY))
    while backfill.step(moment(START)):
        pass
    assert sums_agree()


def test_a_console_that_was_never_upgraded_has_nothing_to_do() -> None:
    assert not backfill.step(moment(START)) and marks.backfill_progress() is None
    assert not fleet.step(moment(START))


def test_pages_and_charts_show_how_far_it_is_until_it_is_done(viewer: Client) -> None:
    service = make_service("weather")
    make_service("other")
    marks.move(marks.BACKFILL, START // HOUR * HOUR, service.pk)
    said = "Checks from before the upgrade are being aggregated: 50 %."
    for path in ("/services/weather/charts.json", "/overview/charts.json"):
        assert viewer.get(path).json()["note"].startswith(said)
    figures = text_of(viewer.get("/", headers=HTMX))
    assert said in figures and '<progress value="50"' in figures and "every 5s" in figures
    RollupMark.objects.filter(name=marks.BACKFILL).delete()
    assert viewer.get("/overview/charts.json").json()["note"].startswith("No data in this range yet.")
    figures = text_of(viewer.get("/", headers=HTMX))
    assert "<progress" not in figures and "every 60s" in figures


def test_figures_of_all_services_say_how_far_they_reach_while_they_are_behind(viewer: Client) -> None:
    make_service("weather")
    now = timezone.now().timestamp()
    marks.move(marks.FLEET[MINUTES], spans.floor(now, MINUTES) - 5 * MINUTES)
    assert viewer.get("/overview/charts.json").json()["note"].startswith("No data in this range yet.")
    marks.move(marks.FLEET[MINUTES], spans.floor(now, MINUTES) - DAY)
    said = "Figures are aggregated up to "
    assert viewer.get("/overview/charts.json").json()["note"].startswith(said)
    assert viewer.get("/services/weather/charts.json").json()["note"].startswith("No data in this range yet.")
    figures = text_of(viewer.get("/", headers=HTMX))
    assert said in figures and '<progress value="50"' in figures
