"""REST: what was removed, and bringing it back."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lifecycle.operations.bulk import waves
from registry.models import Service
from registry.removed import operations as removed_operations
from registry.services import register
from tests.support.api import Api, MakeService

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_list_is_for_admins(api_nobody: Api, api_operator: Api, api_admin: Api) -> None:
    assert api_nobody.get("removed-services").status_code == 401
    assert api_operator.get("removed-services").status_code == 403
    assert api_admin.get("removed-services").json() == {"count": 0, "results": []}
    assert api_admin.post("removed-services").status_code == 405


def test_a_removed_service_is_listed_and_restored(
    api_operator: Api, api_admin: Api, registered_service: MakeService
) -> None:
    service = registered_service()
    assert api_operator.delete("services/weather").status_code == 204
    (row,) = api_admin.get("removed-services").json()["results"]
    assert (row["id"], row["name"], row["removed_by"]) == (service.pk, "weather", "operator")
    assert row["kept_until"] > row["removed_at"]
    answer = api_operator.post("services/weather/restore")
    assert (answer.status_code, answer.json()) == (200, {"name": "weather", "outcome": "created"})
    assert api_operator.get("services/weather").status_code == 200
    again = api_operator.post("services/weather/restore")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "removed_not_found")


def test_who_may_restore(
    api_nobody: Api, api_viewer: Api, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service()
    register.remove("weather", by="somebody", now=timezone.now())
    assert api_nobody.post("services/weather/restore").status_code == 401
    assert api_viewer.post("services/weather/restore").status_code == 403
    assert api_operator.post("services/weather/restore").json()["error"]["code"] == "not_allowed"


def test_a_taken_name_is_a_conflict_that_says_what_to_do(
    api_admin: Api, registered_service: MakeService
) -> None:
    first = registered_service()
    api_admin.delete("services/weather")
    registered_service()
    answer = api_admin.post(f"services/weather/restore?id={first.pk}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "name_taken")
    assert "Remove that service first" in answer.json()["error"]["message"]


def test_archived_services_are_listed_apart(api_admin: Api, registered_service: MakeService) -> None:
    service = registered_service()
    removed_operations.archive([service.pk], by="worker", now=timezone.now())
    assert api_admin.get("removed-services").json()["count"] == 0
    (row,) = api_admin.get("removed-services", archived="true").json()["results"]
    assert row["archived_at"] and row["kept_until"] is None
    assert api_admin.post("services/weather/restore").status_code == 200
    assert Service.objects.listed().count() == 1


def test_a_bulk_removal_is_undone(
    api_viewer: Api, api_operator: Api, registered_service: MakeService
) -> None:
    for name in ("alpha", "beta"):
        registered_service(name)
    batch = api_operator.post("services/bulk", {"action": "remove", "filter": {}}).json()["batch_id"]
    assert api_operator.post(f"batches/{batch}/undo").status_code == 409, "it has not ended"
    waves.advance(timezone.now())
    assert api_viewer.post(f"batches/{batch}/undo").status_code == 403
    assert api_operator.post("batches/999/undo").status_code == 404
    answer = api_operator.post(f"batches/{batch}/undo")
    assert answer.status_code == 202
    waves.advance(timezone.now())
    assert api_operator.get(f"batches/{answer.json()['batch_id']}").json()["done"] == 2
    assert Service.objects.listed().count() == 2
