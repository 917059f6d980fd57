"""REST of the audit log: the same rows, filters and files as on its pages, for admins alone."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

from registry.access import audit
from registry.models import AuditEntry, Role
from tests.support.api import Api, api_of
from tests.support.pages import signed_in, text_of

PATHS = ("audit", "audit/1", "audit.json", "audit.csv")


@pytest.fixture
def log(api_admin: Api) -> Api:
    AuditEntry.objects.all().delete()  # what issuing the token left
    now = timezone.now()
    audit.note("ann", "service added", "weather", "to https://a.example", now=now)
    audit.note("bea", "service removed", "files", now=now, before={"url": "https://files.example", "n": 1})
    members = [audit.Member(name="weather", detail="d", after={"tags": ["new"]}), audit.Member(name="maps")]
    audit.together("bea", "service changed", members, now=now)
    return api_admin


def told(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [f"{row['who']} {row['what']} {row['target']}" for row in answer.json()["results"]]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"who": "ann"},
        {"what": "service removed"},
        {"service": "weather"},
        {"service": "weath"},
        {"q": "FILES.example"},
        {"q": "maps"},
        {"since": "2999-01-01"},
        {"since": "2001-01-01", "until": "2999-01-01"},
        {"until": "2001-01-01"},
        {"door": "rest"},
        {"door": "command"},
    ],
)
def test_the_filters_find_what_the_page_finds(log: Api, query: dict[str, str]) -> None:
    page = signed_in(Role.ADMIN).get("/settings/audit/", query).context["rows"]
    of_page = [f"{row.entry.actor} {row.entry.action} {row.entry.target}" for row in page]
    assert told(log.get("audit", **query)) == [line for line in of_page if "signed in" not in line]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"since": "nonsense"}, "query.since"),
        ({"until": "2026-13-01"}, "query.until"),
        ({"door": "window"}, "query.door"),
        ({"limit": 0}, "query.limit"),
        ({"limit": 1001}, "query.limit"),
        ({"before": -1}, "query.before"),
        ({"who": "a\0b"}, "query.who"),
        ({"q": "x" * 201}, "query.q"),
    ],
)
def test_a_wrong_filter_is_named(log: Api, query: dict[str, Any], where: str) -> None:
    answer = log.get("audit", **query)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)


def test_it_is_read_in_pages(log: Api) -> None:
    for number in range(25):
        audit.note("cid", "did", str(number), now=timezone.now())
    seen: list[str] = []
    before = 0
    while before is not None:
        answer = log.get("audit", who="cid", limit=10, before=before).json()
        seen += [row["target"] for row in answer["results"]]
        before = answer["older"]
    assert seen == [str(number) for number in reversed(range(25))]


def test_one_act_has_its_difference_and_its_seal(log: Api) -> None:
    row = AuditEntry.objects.get(target="files")
    found = log.get(f"audit/{row.pk}").json()
    assert (found["who"], found["from"], found["has_diff"], found["seal"]) == (
        "bea",
        "command",
        True,
        "intact",
    )
    assert found["before"] == {"url": "https://files.example", "n": 1} and found["after"] is None
    assert any(line.startswith("- ") and "files.example" in line for line in found["diff"])
    AuditEntry.objects.filter(pk=row.pk).update(actor="somebody", before="no JSON")
    altered = log.get(f"audit/{row.pk}").json()
    assert (altered["seal"], altered["before"]) == ("altered", "no JSON")


def test_one_act_on_many_has_its_members_in_pages(log: Api) -> None:
    row = AuditEntry.objects.get(members=2)
    first, second = (log.get(f"audit/{row.pk}", page=n, page_size=1).json()["named"] for n in (1, 2))
    assert [one["name"] for one in (*first, *second)] == ["weather", "maps"]
    assert first[0]["after"] == {"tags": ["new"]} and any("new" in line for line in first[0]["diff"])
    assert second[0]["diff"] == [] and second[0]["before"] is None
    assert log.get(f"audit/{row.pk}", page=9).json()["named"] == []


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30])
def test_an_act_that_there_is_not(log: Api, number: str) -> None:
    assert log.get(f"audit/{number}").status_code == 404


def test_files_hold_what_is_searched_and_are_audited(log: Api) -> None:
    answer = log.get("audit.json", who="bea")
    found = json.loads(text_of(answer))["results"]
    assert [one["target"] for one in found] == ["2 services", "files"]
    assert answer["Content-Disposition"] == 'attachment; filename="audit.json"'
    rows = list(csv.DictReader(io.StringIO(text_of(log.get("audit.csv", since="2001-01-01", who="bea")))))
    assert [row["members"] for row in rows] == ["weather maps", ""]
    acts = AuditEntry.objects.filter(action="audit log exported")
    assert [(act.actor, act.door, act.detail) for act in acts] == [
        ("admin", "rest", "who=bea&since=2001-01-01"),
        ("admin", "rest", "who=bea"),
    ]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_than_admins_see_nothing(db: None, path: str, role: Role) -> None:
    audit.note("ann", "did", "canary-7d1f", now=timezone.now())
    answer = api_of(role).get(path)
    assert answer.status_code == 403 and b"canary" not in answer.content
    assert Api("").get(path).status_code == 401


def test_answers_are_as_the_document_says(log: Api) -> None:
    document = log.get("openapi.json").json()
    for path, template in (
        ("audit", "audit"),
        (f"audit/{AuditEntry.objects.get(members=2).pk}", "audit/{entry_id}"),
    ):
        said = document["paths"][f"/api/v1/{template}"]["get"]["responses"]["200"]["content"]
        schema = {**said["application/json"]["schema"], "components": document["components"]}
        jsonschema.validate(log.get(path).json(), schema)
    for kind, content in (("json", "application/json"), ("csv", "text/csv")):
        said = document["paths"][f"/api/v1/audit.{kind}"]["get"]
        assert content in said["responses"]["200"]["content"]
        assert {one["name"] for one in said["parameters"]} == {
            "q",
            "who",
            "what",
            "service",
            "door",
            "since",
            "until",
        }
