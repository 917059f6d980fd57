"""The page of removed services, and Undo."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Batch
from lifecycle.operations.bulk import progress as bulk_progress
from lifecycle.operations.bulk import waves
from registry.models import Service
from registry.services import register
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db(transaction=True)


def removed(name: str = "weather", by: str = "operator-1") -> Service:
    service = make_service(name)
    register.remove(name, by=by, now=timezone.now())
    return service


def restore(client: Client, service: Service, **more: Any) -> Any:
    return client.post(f"/services/{service.name}/restore/{service.pk}/", **more)


def test_who_may_look_and_restore(viewer: Client, operator: Client) -> None:
    service = removed(by="somebody")
    assert Client().get("/removed/").headers["Location"] == "/login/?next=/removed/"
    assert viewer.get("/removed/").status_code == operator.get("/removed/").status_code == 403
    assert restore(viewer, service).status_code == 403
    assert restore(Client(), service).headers["Location"].startswith("/login/")
    assert operator.get(f"/services/weather/restore/{service.pk}/").status_code == 405
    answer = restore(operator, service, follow=True)
    assert "Only an admin can restore" in text_of(answer)
    assert not Service.objects.listed().exists()


def test_the_page_says_who_when_and_until(admin: Client) -> None:
    assert "No services removed in the last 7 days" in text_of(admin.get("/removed/"))
    removed()
    page = text_of(admin.get("/removed/"))
    assert "operator-1" in page and "<time" in page and "Restore" in page


def test_restoring_leads_to_the_service(admin: Client) -> None:
    service = removed()
    answer = restore(admin, service, follow=True)
    assert answer.redirect_chain == [("/services/weather/", 302)]
    assert "weather restored" in text_of(answer)
    assert restore(admin, service).status_code == 404


def test_undo_in_the_toast_is_for_who_removed_it(operator: Client) -> None:
    service = make_service()
    page = text_of(operator.post("/services/weather/remove/", follow=True))
    assert re.search(rf'action="/services/weather/restore/{service.pk}/".*>Undo</button>', page)
    answer = restore(operator, service, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/services/weather/"
    assert Service.objects.listed().get().pk == service.pk


def test_a_taken_name_is_said_beside_the_service_and_refused(admin: Client) -> None:
    service = removed()
    make_service()
    page = text_of(admin.get("/removed/"))
    assert "The name weather is in use" in page
    assert "</form></td>" not in page
    answer = restore(admin, service, follow=True)
    assert "Remove that service first" in text_of(answer)


def test_archived_services_stand_apart(admin: Client) -> None:
    assert "No archived services" in text_of(admin.get("/removed/?archived"))
    service = make_service("old", State.DISCONNECTED, archived_at=timezone.now())
    page = text_of(admin.get("/removed/?archived"))
    assert "old.example.internal" in page and "never deleted" in page
    assert "old.example.internal" not in text_of(admin.get("/removed/"))
    typed = {"transport": "sse", "url": "https://x.example/", "profile": "normal", "priority": "normal"}
    assert "An archived service has this name" in text_of(admin.post("/add/", {"name": "old", **typed}))
    restore(admin, service)
    assert Service.objects.listed().get().name == "old"


def finished(batch: Batch) -> Batch:
    while bulk_progress.get(batch.pk).finished_at is None:
        waves.advance(timezone.now())
    return bulk_progress.get(batch.pk)


def test_a_bulk_removal_is_undone_in_bulk(operator: Client, admin: Client, viewer: Client) -> None:
    for name in ("alpha", "beta"):
        make_service(name)
    operator.post("/batches/begin/", {"action": "remove", "everything": "1", "count": "2"})
    batch = finished(Batch.objects.get())
    assert not Service.objects.listed().exists()
    url = f"/batches/{batch.pk}/undo/"
    assert "Undo: restore all" in text_of(operator.get(f"/batches/{batch.pk}/"))
    assert "Undo: restore all" not in text_of(viewer.get(f"/batches/{batch.pk}/"))
    assert viewer.post(url).status_code == 403
    assert operator.get(url).status_code == 405
    assert admin.post("/batches/999/undo/").status_code == 404
    undone = operator.post(url, headers=HTMX).headers["HX-Redirect"]
    page = text_of(operator.get(undone))
    assert "Restore: 2 services" in page
    finished(Batch.objects.latest("pk"))
    assert Service.objects.listed().count() == 2
    assert operator.post(url, headers=HTMX).status_code == 409


def test_restoring_is_not_among_the_bulk_actions(operator: Client) -> None:
    make_service()
    assert 'value="restore"' not in text_of(operator.get("/services/"))
    answer = operator.post("/batches/begin/", {"action": "restore", "everything": "1", "count": "1"})
    assert answer.status_code == 302 and not Batch.objects.exists()
