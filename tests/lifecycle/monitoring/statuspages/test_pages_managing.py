"""Who makes status pages, of what, and how."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import StatusPage
from lifecycle.monitoring.uptime.statuspages import operations
from registry.models import AuditEntry, Role
from tests.lifecycle.monitoring.statuspages.conftest import Maker
from tests.lifecycle.monitoring.statuspages.test_pages_public import episode_of
from tests.support.pages import make_service, make_worker, text_of
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db


def test_a_page_is_made_named_published_and_deleted(operator: Client) -> None:
    make_worker()
    make_service("weather")
    made = operator.post(
        "/status-pages/add/", {"title": "Our services", "visibility": "off", "services": "weather"}
    )
    page = StatusPage.objects.get()
    assert made["Location"] == f"/status-pages/{page.pk}/"
    assert "1 service has no public name" in text_of(operator.get(made["Location"]))
    form = {"title": "Our services", "slug": "our-services", "visibility": "public", "services": "weather"}
    operator.post(made["Location"], {**form, "name-weather": "Forecasts"})
    assert "Forecasts" in text_of(Client().get("/status/our-services/"))
    assert "Forecasts" in text_of(operator.get(f"/status-pages/{page.pk}/preview/"))
    assert "/status/our-services/" in text_of(operator.get("/status-pages/"))
    operator.post(f"/status-pages/{page.pk}/delete/")
    assert Client().get("/status/our-services/").status_code == 404
    said = list(AuditEntry.objects.values_list("action", flat=True))
    assert {"statuspage.add", "statuspage.change", "statuspage.delete"} <= set(said)


def test_a_link_is_shown_once_and_its_key_is_nowhere_else(operator: Client, make_page: Maker) -> None:
    make_service("weather")
    page = make_page({"weather": "Forecasts"}, visibility="link")
    shown = text_of(operator.post(f"/status-pages/{page.pk}/link/"))
    (token,) = set(re.findall(r"mcpl_[\w-]{40,}", shown))
    assert Client().get(f"/status/{token}/").status_code == 200
    assert token not in text_of(operator.get(f"/status-pages/{page.pk}/"))
    assert token not in str(AuditEntry.objects.values())


def test_bad_addresses_and_unknown_services_are_refused(operator: Client, make_page: Maker) -> None:
    make_page(title="Ours")
    for given, said in (
        ({"slug": "Our Page"}, "small letters"),
        ({"slug": "ours"}, "another page"),
        ({"services": "nowhere"}, "Unknown: nowhere"),
        ({"title": "…"}, "no address"),
    ):
        answer = operator.post("/status-pages/add/", {"title": "X", "visibility": "off", **given})
        assert answer.status_code == 422 and said in text_of(answer), given
    assert StatusPage.objects.count() == 1


def test_of_a_scope_one_publishes_what_is_ones_own() -> None:
    """A tag that services of others have too brings none of theirs, whoever changes the page later."""
    make_worker()
    make_service("ours", tags=["team-a", "shared"])
    make_service("theirs", tags=["team-b", "shared"])
    operator = scoped_client(Role.OPERATOR)
    form = {"title": "Team", "visibility": "public", "tags": "shared", "own_names": "on"}
    assert operator.post("/status-pages/add/", {**form, "services": "theirs"}).status_code == 422
    operator.post("/status-pages/add/", form)
    text = text_of(Client().get("/status/team/"))
    assert "ours" in text and "theirs" not in text
    page = StatusPage.objects.get()
    operations.save(page, {"intro": "changed by an admin"}, by="root", now=timezone.now())
    assert "theirs" not in text_of(Client().get("/status/team/"))


def test_of_a_scope_one_sees_no_page_of_others(make_page: Maker) -> None:
    service = make_service("theirs", tags=["team-b"])
    page = make_page({"theirs": "Secret project"})
    operator = scoped_client(Role.OPERATOR)
    assert "Our services" not in text_of(operator.get("/status-pages/"))
    for way in ("", "preview/"):
        assert operator.get(f"/status-pages/{page.pk}/{way}").status_code == 404
    for way in ("link/", "delete/"):
        assert operator.post(f"/status-pages/{page.pk}/{way}").status_code == 404
    ours = episode_of(make_service("ours", tags=["team-a"]))
    told = operator.post(f"/status-pages/alerts/{ours.pk}/tell/", {"page": page.pk, "text": "x"})
    assert told.status_code == 404 and service.pk


def test_words_about_an_alert_are_published_from_its_page(operator: Client, make_page: Maker) -> None:
    weather, beside = make_service("weather"), make_service("beside")
    page = make_page({"weather": "Forecasts"})
    alert = episode_of(weather)
    assert "Message to readers" in text_of(operator.get(f"/alerts/{alert.pk}/"))
    assert "Message to readers" not in text_of(operator.get(f"/alerts/{episode_of(beside).pk}/"))
    operator.post(f"/status-pages/alerts/{alert.pk}/tell/", {"page": page.pk, "text": "Fixed by noon."})
    assert "Fixed by noon." in text_of(Client().get("/status/our-services/"))
    note = page.notes.get()
    operator.post(f"/status-pages/notes/{note.pk}/take/")
    assert "Fixed by noon." not in text_of(Client().get("/status/our-services/"))


def test_viewers_publish_nothing(viewer: Client) -> None:
    assert viewer.get("/status-pages/").status_code == 403
    assert viewer.post("/status-pages/add/", {"title": "X", "visibility": "public"}).status_code == 403
