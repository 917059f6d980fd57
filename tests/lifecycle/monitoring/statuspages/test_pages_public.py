"""What strangers see of a status page, and what they never see."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import (
    AlertRule,
    Episode,
    MaintenancePeriod,
    MaintenanceWindow,
    ServiceState,
    StatusPage,
)
from lifecycle.monitoring.uptime.statuspages import operations
from lifecycle.monitoring.uptime.statuspages.public import cache
from registry.models import Role, Service
from tests.lifecycle.monitoring.statuspages.conftest import Maker
from tests.support.pages import make_service, make_worker, signed_in, text_of
from tests.support.planting import CANARY, plant

pytestmark = pytest.mark.django_db
PATHS = ("/status/{}/", "/status/{}/feed.xml", "/status/{}/status.json", "/badge/{}/forecasts.svg")


def episode_of(service: Service, **fields: Any) -> Episode:
    now = timezone.now()
    rule, _ = AlertRule.objects.get_or_create(
        name="down", defaults={"condition": "state-entered", "created_at": now}
    )
    values = {"state": "firing", "opened_at": now, "fired_at": now, **fields}
    return Episode.objects.create(rule=rule, service=service, **values)


def test_the_page_says_state_and_public_name_and_sets_no_cookie(make_page: Maker) -> None:
    make_worker()
    make_service("weather-prod-eu1")
    make_service("files", State.UNREACHABLE)
    make_service("beside", State.UNREACHABLE)
    make_page({"weather-prod-eu1": "Forecasts", "files": "Archive"})
    answer = Client().get("/status/our-services/")
    text = text_of(answer)
    assert "Forecasts" in text and "Archive" in text and "Some services have an outage" in text
    assert "Operational" in text and "beside" not in text and "weather-prod" not in text
    assert not answer.cookies and not answer.wsgi_request.session.accessed
    assert answer["Cache-Control"] == "public, max-age=15" and "noindex" not in text


def test_the_page_refreshes_itself_without_scripts_and_says_so(make_page: Maker) -> None:
    make_worker()
    make_service("weather")
    make_page({"weather": "Forecasts"})
    text = text_of(Client().get("/status/our-services/"))
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in text.partition("</head>")[0]
    assert "</time> · refreshes automatically</p>" in text


def test_a_new_page_and_its_badges_are_off(make_page: Maker) -> None:
    make_service("weather")
    page = operations.save(None, {"title": "Ours", "services": ["weather"]}, by="ann", now=timezone.now())
    assert page.visibility == "off" and not page.badges
    assert Client().get("/status/ours/").status_code == 404
    make_page({"weather": "Forecasts"}, title="Shown")
    assert Client().get("/badge/shown/forecasts.svg").status_code == 404


def test_off_unknown_and_renewed_are_the_same_bytes(make_page: Maker, operator: Client) -> None:
    make_service("weather")
    page = make_page({"weather": "Forecasts"}, badges=True, visibility="link")
    old = operations.renew_link(page, by="ann", now=timezone.now()).split("/")[-2]
    assert Client().get(f"/status/{old}/").status_code == 200
    operations.renew_link(page, by="ann", now=timezone.now())
    for path in PATHS:
        keys = ("our-services", "nowhere", old, "mcpl_nonsense")
        answers = [client.get(path.format(key)) for key in keys for client in (Client(), operator)]
        assert {one.status_code for one in answers} == {404}
        assert len({one.content for one in answers}) == 1
        varied = {"X-Request-ID"}
        assert len({str(sorted((k, v) for k, v in one.items() if k not in varied)) for one in answers}) == 1


def test_a_secret_link_is_kept_as_a_digest_and_not_indexed(make_page: Maker) -> None:
    make_service("weather")
    page = make_page({"weather": "Forecasts"}, visibility="link")
    token = operations.renew_link(page, by="ann", now=timezone.now()).split("/")[-2]
    answer = Client().get(f"/status/{token}/")
    assert answer.status_code == 200 and answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Cache-Control"] == "private, max-age=15" and 'content="noindex' in text_of(answer)
    page.refresh_from_db()
    assert token not in str(StatusPage.objects.values()) and page.token_digest
    operations.save(page, {"visibility": "public"}, by="ann", now=timezone.now())
    assert Client().get(f"/status/{token}/").status_code == 404, "a public page has no second door"
    assert Client().get("/status/our-services/").status_code == 200


def test_what_was_seen_is_not_sent_again(make_page: Maker) -> None:
    make_service("weather")
    make_page({"weather": "Forecasts"}, badges=True)
    for path in PATHS:
        first = Client().get(path.format("our-services"))
        assert first.status_code == 200, path
        again = Client().get(path.format("our-services"), headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304 and not again.content and again["ETag"] == first["ETag"]


def test_a_thousand_readers_cost_one_query_each(make_page: Maker) -> None:
    for n in range(30):
        make_service(f"s-{n}")
    make_page({f"s-{n}": f"Service {n}" for n in range(30)})
    with CaptureQueriesContext(connection) as first:
        Client().get("/status/our-services/")
    assert len(first) <= 10, [one["sql"] for one in first]
    with CaptureQueriesContext(connection) as again:
        Client().get("/status/our-services/")
    assert len(again) == 1


def test_a_change_shows_at_once_and_a_state_within_the_time_of_the_cache(
    make_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_worker()
    service = make_service("weather")
    page = make_page({"weather": "Forecasts"})
    assert "Operational" in text_of(Client().get("/status/our-services/"))
    ServiceState.objects.filter(service=service).update(state=State.UNREACHABLE)
    assert "Operational" in text_of(Client().get("/status/our-services/"))
    later = time.monotonic() + cache.FRESH + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "Outage" in text_of(Client().get("/status/our-services/"))
    operations.save(page, {"names": {"weather": "Skies"}}, by="ann", now=timezone.now())
    assert "Skies" in text_of(Client().get("/status/our-services/"))


def test_without_a_worker_the_state_is_not_claimed_to_be_known(make_page: Maker) -> None:
    make_service("weather")
    make_page({"weather": "Forecasts"})
    text = text_of(Client().get("/status/our-services/"))
    assert "The state is currently unknown" in text and "Operational" not in text


def test_a_tag_brings_services_and_none_without_a_public_name(make_page: Maker) -> None:
    make_service("weather", tags=["shown"])
    make_service("internal-billing", tags=["shown"])
    page = make_page(tags=["shown"])
    operations.save(page, {"names": {"weather": "Forecasts"}}, by="ann", now=timezone.now())
    text = text_of(Client().get("/status/our-services/"))
    assert "Forecasts" in text and "internal-billing" not in text
    operations.save(page, {"own_names": True}, by="ann", now=timezone.now())
    assert "internal-billing" in text_of(Client().get("/status/our-services/"))


def test_an_incident_is_what_somebody_wrote_and_nothing_else(make_page: Maker) -> None:
    service = make_service("weather", State.UNREACHABLE)
    page = make_page({"weather": "Forecasts"})
    episode = episode_of(service, summary="10.0.0.7 refused")
    assert "refused" not in text_of(Client().get("/status/our-services/"))
    note = operations.tell(page, episode, "A disk is being replaced.", by="ann", now=timezone.now())
    text = text_of(Client().get("/status/our-services/"))
    assert "A disk is being replaced." in text and "Ongoing" in text
    assert "refused" not in text and "ann" not in text
    feed = ET.fromstring(Client().get("/status/our-services/feed.xml").content)
    titles = [one.text for one in feed.iter("{http://www.w3.org/2005/Atom}title")]
    assert titles == ["Our services", "Forecasts: incident"]
    page.refresh_from_db()
    note.page = page
    operations.untell(note, by="ann", now=timezone.now())
    assert "disk" not in text_of(Client().get("/status/our-services/"))


def test_maintenance_is_told_by_public_names(make_page: Maker) -> None:
    now = timezone.now()
    make_service("weather")
    make_service("files")
    make_page({"weather": "Forecasts", "files": "Archive"})
    window = MaintenanceWindow.objects.create(
        name="secret-project",
        services=["weather"],
        start=now,
        zone="UTC",
        planned_until=now,
        created_by="ann",
        created_at=now,
    )
    for hours in (-1, 24):
        begin = now + timedelta(hours=hours)
        MaintenancePeriod.objects.create(window=window, began_at=begin, ended_at=begin + timedelta(hours=2))
    text = text_of(Client().get("/status/our-services/"))
    assert "In progress" in text and "Planned" in text and "secret-project" not in text
    told = Client().get("/status/our-services/status.json").json()
    assert [one["services"] for one in told["maintenance"]] == [["Forecasts"], ["Forecasts"]]
    assert {one["name"]: one["state"] for one in told["services"]}["Forecasts"] == "maintenance"


@pytest.mark.parametrize("show", ["state", "uptime-24h", "uptime-30d", "uptime-90d"])
def test_a_badge_is_an_image_with_a_title(make_page: Maker, show: str) -> None:
    make_worker()
    make_service("weather")
    make_page({"weather": "Fore<casts"}, badges=True)
    answer = Client().get("/badge/our-services/forecasts.svg", {"show": show})
    root = ET.fromstring(answer.content)
    title = root.findtext("{http://www.w3.org/2000/svg}title") or ""
    assert answer["Content-Type"].startswith("image/svg+xml") and title.startswith("Fore<casts")
    assert root.attrib["role"] == "img" and answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert ("Operational" in title) == (show == "state")
    assert Client().get("/badge/our-services/forecasts.svg", {"show": "secrets"}).status_code == 404


def test_too_many_requests_of_one_visitor_are_refused(make_page: Maker, settings: Any) -> None:
    settings.REST_LIMIT = 3
    make_page()
    codes = [Client().get("/status/our-services/").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


def test_no_byte_of_a_service_but_its_public_name_reaches_a_stranger(make_page: Maker) -> None:
    """A canary in every field of every table that says something of it."""
    make_worker()
    service = plant()
    make_page({service.name: "Forecasts"}, badges=True, tags=[CANARY])
    operations.tell(
        StatusPage.objects.get(slug="our-services"),
        Episode.objects.filter(service=service)[0],
        "We look at it.",
        by="ann",
        now=timezone.now(),
    )
    read = 0
    for path in PATHS:
        for query in ("", "?show=uptime-30d"):
            answer = Client().get(path.format("our-services") + query)
            assert answer.status_code == 200, path
            assert CANARY not in answer.content.decode() + str(answer.headers), path
            read += len(answer.content)
    assert read > 4000
    seen = signed_in(Role.ADMIN).get(f"/services/{service.name}/")
    assert CANARY in text_of(seen), "or this would prove nothing"


def test_times_are_those_of_the_console(make_page: Maker) -> None:
    make_page({}, title="Ours")
    text = text_of(Client().get("/status/ours/"))
    assert f"{datetime.now(UTC):%Y-%m-%d}" in text and "Nothing to show yet" in text
