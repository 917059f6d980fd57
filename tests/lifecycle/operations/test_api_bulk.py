"""Bulk actions over REST."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import waves
from registry.models import Service
from tests.support.api import Api, MakeService


def test_one_order_for_many_by_name_or_by_filter(api_operator: Api, registered_service: MakeService) -> None:
    for name in ("alpha", "beta"):
        registered_service(name, state="HEALTHY")
    answer = api_operator.post("services/bulk", {"action": "stop", "names": ["alpha"], "force": True})
    assert answer.status_code == 202
    found = api_operator.get(f"batches/{answer.json()['batch_id']}").json()
    assert {key: found[key] for key in ("action", "force", "state", "total", "waiting", "waves")} == {
        "action": "stop", "force": True, "state": "running", "total": 1, "waiting": 1, "waves": 1,
    }  # fmt: skip
    second = api_operator.post("services/bulk", {"action": "check", "filter": {"state": "HEALTHY"}}).json()
    assert api_operator.get(f"batches/{second['batch_id']}").json()["total"] == 2
    listed = api_operator.get("batches").json()["results"]
    assert [one["action"] for one in listed] == ["check", "stop"]


def test_members_cancel_and_retry(api_operator: Api, registered_service: MakeService) -> None:
    for name in ("alpha", "beta"):
        registered_service(name, state="HEALTHY")
    batch = api_operator.post("services/bulk", {"action": "check", "filter": {}}).json()["batch_id"]
    waves.advance(timezone.now())
    Command.objects.filter(service__name="alpha").update(
        state="failed", error="no answer", finished_at=timezone.now()
    )
    failed = api_operator.get(f"batches/{batch}/members", state="failed").json()
    assert failed["count"] == 1
    assert (failed["results"][0]["service"], failed["results"][0]["error"]) == ("alpha", "no answer")
    again = api_operator.post(f"batches/{batch}/retry")
    assert again.status_code == 202
    cancelled = api_operator.post(f"batches/{again.json()['batch_id']}/cancel").json()
    assert (cancelled["cancelled"], cancelled["state"], cancelled["cancelled_by"]) == (1, "ended", "operator")
    assert api_operator.post(f"batches/{again.json()['batch_id']}/cancel").status_code == 409


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"action": "explode", "filter": {}}, "action"),
        ({"action": "stop"}, "names"),
        ({"action": "stop", "names": "alpha"}, "body.names"),
        ({"action": "stop", "names": ["none"]}, "names[0]"),
        ({"action": "stop", "filter": ["a"]}, "body.filter"),
        ({"action": "stop", "filter": {"x": "y"}}, "filter.x"),
        ({"action": "stop", "filter": {}, "more": 1}, "body.more"),
    ],
)
def test_an_order_that_means_nothing(
    body: dict[str, object], where: str, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service("alpha")
    answer = api_operator.post("services/bulk", body)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)
    assert not Batch.objects.exists()


def test_a_viewer_may_follow_but_not_ask(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service("alpha")
    assert api_viewer.post("services/bulk", {"action": "stop", "filter": {}}).status_code == 403
    assert api_viewer.get("batches").json() == {"results": []}
    assert api_viewer.get("batches/4").json()["error"]["code"] == "batch_not_found"


def test_a_service_may_be_called_bulk(api_operator: Api, registered_service: MakeService) -> None:
    registered_service("bulk")
    assert api_operator.get("services/bulk").json()["name"] == "bulk"
    assert api_operator.patch("services/bulk", {"tags": ["a"]}).json()["outcome"] == "updated"
    assert api_operator.delete("services/bulk").status_code == 204
    assert not Service.objects.listed().exists()


def test_an_edit_is_asked_for_and_undone(api_operator: Api, registered_service: MakeService) -> None:
    for name in ("alpha", "beta"):
        registered_service(name, state="HEALTHY")
    edit = {"add_tags": ["team-a"], "priority": "high"}
    asked = {"action": "edit", "filter": {"q": "alp"}, "edit": edit}
    batch = api_operator.post("services/bulk", asked).json()["batch_id"]
    waves.advance(timezone.now())
    assert api_operator.get(f"batches/{batch}").json()["done"] == 1
    found = api_operator.get("services/alpha").json()
    assert (found["tags"], found["priority"]) == (["team-a"], "high")
    api_operator.post(f"batches/{batch}/undo")
    waves.advance(timezone.now())
    found = api_operator.get("services/alpha").json()
    assert (found["tags"], found["priority"]) == ([], "normal")
    for body, where in [({}, "body.edit"), ({"edit": {"colour": "red"}}, "edit.colour")]:
        refused = api_operator.post("services/bulk", {"action": "edit", "filter": {}, **body})
        assert (refused.status_code, refused.json()["error"]["where"]) == (422, where)
