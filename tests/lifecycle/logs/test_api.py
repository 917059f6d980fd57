"""Logs over REST: followed by id, with the process that wrote them."""

from __future__ import annotations

from django.utils import timezone

from lifecycle.models import ChildProcess, LogPiece
from tests.support.api import Api, MakeService


def test_a_log_is_followed_by_id(api_viewer: Api, registered_service: MakeService) -> None:
    service, now = registered_service("files"), timezone.now()
    ChildProcess.objects.create(service=service, pid=77, host="here", started_at=now)
    for text in ("first\n", "second\n"):
        LogPiece.objects.create(service=service, at=now, text=text, size=len(text))
    answer = api_viewer.get("services/files/logs").json()
    assert (answer["process"]["pid"], answer["process"]["cpu_percent"]) == (77, None)
    assert [(one["kind"], one["text"]) for one in answer["results"]] == [
        ("output", "first\n"),
        ("output", "second\n"),
    ]
    rest = api_viewer.get("services/files/logs", after=answer["results"][0]["id"]).json()
    assert [one["text"] for one in rest["results"]] == ["second\n"]


def test_a_service_without_a_process_has_an_empty_log(
    api_viewer: Api, registered_service: MakeService
) -> None:
    registered_service("web")
    assert api_viewer.get("services/web/logs").json() == {"process": None, "results": []}


def test_the_log_of_nothing_is_not_found(api_viewer: Api) -> None:
    assert api_viewer.get("services/nothing/logs").status_code == 404


def test_nobody_reads_a_log_without_a_token(api_nobody: Api, registered_service: MakeService) -> None:
    registered_service("files")
    assert api_nobody.get("services/files/logs").status_code == 401
