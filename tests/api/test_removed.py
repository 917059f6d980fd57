"""REST: what was removed, and bringing it back."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lifecycle import batch_waves
from registry import registration, removal
from registry.models import Service
from tests.api.conftest import Api, MakeService

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_list_is_for_admins(nobody: Api, operator: Api, admin: Api) -> None:
    assert nobody.get("removed-services").status_code == 401
    assert operator.get("removed-services").status_code == 403
    assert admin.get("removed-services").json() == {"count": 0, "results": []}
    assert admin.post("removed-services").status_code == 405


def test_a_removed_service_is_listed_and_restored(
    operator: Api, admin: Api, make_service: MakeService
) -> None:
    service = make_service()
    assert operator.delete("services/weather").status_code == 204
    (row,) = admin.get("removed-services").json()["results"]
    assert (row["id"], row["name"], row["removed_by"]) == (service.pk, "weather", "operator")
    assert row["kept_until"] > row["removed_at"]
    answer = operator.post("services/weather/restore")
    assert (answer.status_code, answer.json()) == (200, {"name": "weather", "outcome": "created"})
    assert operator.get("services/weather").status_code == 200
    again = operator.post("services/weather/restore")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "removed_not_found")


def test_who_may_restore(nobody: Api, viewer: Api, operator: Api, make_service: MakeService) -> None:
    make_service()
    registration.remove("weather", by="somebody", now=timezone.now())
    assert nobody.post("services/weather/restore").status_code == 401
    assert viewer.post("services/weather/restore").status_code == 403
    assert operator.post("services/weather/restore").json()["error"]["code"] == "not_allowed"


def test_a_taken_name_is_a_conflict_that_says_what_to_do(admin: Api, make_service: MakeService) -> None:
    first = make_service()
    admin.delete("services/weather")
    make_service()
    answer = admin.post(f"services/weather/restore?id={first.pk}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "name_taken")
    assert "Remove that one first" in answer.json()["error"]["message"]


def test_archived_services_are_listed_apart(admin: Api, make_service: MakeService) -> None:
    service = make_service()
    removal.archive([service.pk], by="worker", now=timezone.now())
    assert admin.get("removed-services").json()["count"] == 0
    (row,) = admin.get("removed-services", archived="true").json()["results"]
    assert row["archived_at"] and row["kept_until"] is None
    assert admin.post("services/weather/restore").status_code == 200
    assert Service.objects.listed().count() == 1


def test_a_bulk_removal_is_undone(viewer: Api, operator: Api, make_service: MakeService) -> None:
    for name in ("alpha", "beta"):
        make_service(name)
    batch = operator.post("services/bulk", {"action": "remove", "filter": {}}).json()["batch_id"]
    assert operator.post(f"batches/{batch}/undo").status_code == 409, "it has not ended"
    batch_waves.advance(timezone.now())
    assert viewer.post(f"batches/{batch}/undo").status_code == 403
    assert operator.post("batches/999/undo").status_code == 404
    answer = operator.post(f"batches/{batch}/undo")
    assert answer.status_code == 202
    batch_waves.advance(timezone.now())
    assert operator.get(f"batches/{answer.json()['batch_id']}").json()["done"] == 2
    assert Service.objects.listed().count() == 2
