"""The history of tool calls over REST."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from lifecycle.monitoring.calls import queries
from registry.models import Role
from tests.support.api import Api, MakeService, api_of, worker_that


def test_calls_are_listed_newest_first_and_paged(
    transactional_db: None, registered_service: MakeService
) -> None:
    service = registered_service(state="HEALTHY", tools=("add", "sub"))
    caller = api_of(Role.OPERATOR)
    done = {"ok": True, "content": [{"type": "text", "text": "3"}], "duration_ms": 6000.5}
    with worker_that(lambda command: done):
        for tool in ("add", "sub", "add"):
            caller.post(f"services/weather/tools/{tool}/call", {"arguments": {"a": 1, "password": "hidden"}})
    page = caller.get("services/weather/calls", limit=2).json()
    newest, second = page["results"]
    assert (newest["tool"], second["tool"], page["older"]) == ("add", "sub", second["id"])
    assert (newest["outcome"], newest["origin"], newest["by"], newest["slow"]) == (
        "ok",
        "rest",
        "operator",
        True,
    )
    assert (newest["duration_ms"], newest["answer_bytes"], newest["error"]) == (6000.5, 31, "")
    assert newest["arguments"] == '{"a": 1, "password": "••••••"}'
    rest = caller.get("services/weather/calls", before=page["older"]).json()
    assert ([row["tool"] for row in rest["results"]], rest["older"]) == (["add"], None)
    assert len(caller.get("services/weather/calls", tool="add").json()["results"]) == 2
    assert caller.get("services/weather/calls", outcome="failed").json()["results"] == []
    viewed = api_of(Role.VIEWER).get("services/weather/calls").json()["results"][0]
    assert (viewed["arguments"], viewed["error"], viewed["tool"]) == (None, None, "add")
    now = timezone.now()
    assert queries.call_totals(service.pk, now - timedelta(minutes=5), now).slow == 3


def test_what_is_wrong_is_said(api_viewer: Api, api_nobody: Api, registered_service: MakeService) -> None:
    registered_service()
    refused = api_viewer.get("services/weather/calls", outcome="bad")
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, "query.outcome")
    assert api_viewer.get("services/none/calls").status_code == 404
    assert api_viewer.get("services/weather/calls", limit=0).status_code == 422
    assert api_nobody.get("services/weather/calls").status_code == 401
