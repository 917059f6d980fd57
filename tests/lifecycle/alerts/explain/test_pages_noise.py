"""A week's noise as page, by REST, and on Mondays by mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.explain.noise import figures, mailing, weeks
from lifecycle.alerts.outbox import queue
from lifecycle.alerts.senders.email import build
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from lifecycle.monitoring.settings import change
from registry.models import Role
from tests.lifecycle.alerts.explain.conftest import Recorded
from tests.support.api import Api
from tests.support.fleet import make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def utc(settings: Any) -> None:
    settings.SHOWN_TIME_ZONE = UTC
    mailing._looked_at = None


def a_noisy_week(fleet: Recorded, *channels: Channel) -> AlertRule:
    """Four alerts that were over within 20 s, and a long one that was acknowledged."""
    rule = make_rule(*channels, cooldown_seconds=0)
    service = fleet.service()
    for hour, seconds in enumerate((10, 20, 20, 20, 900)):
        at = WEDNESDAY + timedelta(hours=hour)
        fleet.move(service, S.UNREACHABLE, at)
        fleet.move(service, S.HEALTHY, at + timedelta(seconds=seconds), event="connected")
    Episode.objects.filter(pk=Episode.objects.latest("fired_at").pk).update(acknowledged_at=WEDNESDAY)
    return rule


def test_the_week_counts_by_rule_and_proposes(viewer: Client, fleet: Recorded, log_channel: Channel) -> None:
    a_noisy_week(fleet, log_channel)
    make_rule(name="Silent one")
    week = weeks.of(WEDNESDAY)
    first, second = figures.of(week)
    assert (first.noise.sent, first.noise.acknowledged, first.noise.brief) == (5, 1, 4)
    assert (first.noise.proposed, first.noise.spared) == (timedelta(seconds=30), 4)
    assert (second.noise.sent, second.messages) == (0, 0)
    assert figures.of(week.moved(1))[0].noise.sent == 0
    page = viewer.get("/alerts/noise/?week=2026-W47").content.decode()
    assert "suggested: 30 s, would have avoided 4 of 5" in page and "5 alerts" in page
    assert "No alerts sent: Silent one" in page
    assert "No rule sent an alert in 2026-W46." in viewer.get("/alerts/noise/?week=2026-W46").content.decode()
    assert viewer.get("/alerts/noise/?week=nonsense").status_code == 200
    assert 'href="/alerts/noise/"' in viewer.get("/alerts/rules/").content.decode()


def test_rest_gives_the_same(api_viewer: Api, fleet: Recorded, log_channel: Channel) -> None:
    a_noisy_week(fleet, log_channel)
    found = api_viewer.get("alert-noise?week=2026-W47").json()
    assert (found["begins"], found["ends"]) == ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")
    (row,) = found["results"]
    assert (row["sent"], row["brief"], row["for_seconds"], row["proposed_for_seconds"]) == (5, 4, 0, 30)
    assert api_viewer.get("alert-noise?week=2026-W60").status_code == 422


@pytest.mark.parametrize("text", ["2026-W00", "2025-W53", "1999-W01", "2026-47", "x"])
def test_what_is_no_week_is_none(text: str) -> None:
    assert weeks.read(text) is None


def test_a_week_begins_at_the_local_midnight(settings: Any) -> None:
    from zoneinfo import ZoneInfo

    settings.SHOWN_TIME_ZONE = ZoneInfo("Europe/Berlin")
    week = weeks.read("2026-W13")
    assert week and (week.begins, week.ends) == (
        datetime(2026, 3, 22, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )


def test_it_is_mailed_once_on_monday_if_the_settings_say_so(fleet: Recorded, log_channel: Channel) -> None:
    mail = make_channel("mail", kind="email")
    make_channel("off", kind="email", enabled=False)
    a_noisy_week(fleet, log_channel)
    Delivery.objects.all().delete()

    def at(moment: datetime) -> int:
        mailing._looked_at = None
        return mailing.now_and_then(moment)

    assert at(MONDAY) == 0
    change.change({"alert_noise_report": True}, by="ann", role=Role.ADMIN, now=MONDAY)
    assert [at(MONDAY - timedelta(minutes=1)), at(MONDAY), at(MONDAY + timedelta(hours=1))] == [0, 1, 0]
    assert at(MONDAY + timedelta(days=3)) == 0
    row = Delivery.objects.get()
    assert (row.channel, row.kind) == (mail, "report")
    taken = queue.take(mail.pk, MONDAY, Pacing())
    assert taken is not None and taken.pk == row.pk
    letter = Letter(
        message_id=row.message_id,
        thread=None,
        kind=row.kind,
        payload=row.payload,
        config=Config(to=("ops@example.org",)),
        now=MONDAY,
    )
    sent = build(letter)
    assert sent.subject == ("[Report] Alert noise in 2026-W47: 5 sent, 4 self-resolved within 2 minutes")
    assert "“for” of 30 s instead of 0 s would have avoided 4" in str(sent.body)
    assert "Service:" not in str(sent.body) and "Severity" not in str(sent.alternatives[0][0])


def test_no_query_is_made_between_looks(django_assert_num_queries: Any) -> None:
    mailing.now_and_then(MONDAY)
    with django_assert_num_queries(0):
        assert mailing.now_and_then(MONDAY + timedelta(minutes=4)) == 0
