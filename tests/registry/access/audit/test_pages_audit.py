"""The page of the audit log: search, filters, differences, files; for admins alone."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.access import audit
from registry.access.audit import presenter
from registry.models import AuditEntry, Role
from registry.services import register
from tests.support.commands import run
from tests.support.pages import text_of
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db
LIST = "/settings/audit/"


def told(client: Client, **query: Any) -> list[str]:
    """What the rows of the page say, as `who what target`."""
    rows = client.get(LIST, query).context["rows"]
    return [f"{row.entry.actor} {row.entry.action} {row.entry.target}" for row in rows]


@pytest.fixture
def log(db: None) -> None:
    now = timezone.now()
    audit.note("ann", "service added", "weather", "to https://a.example", now=now)
    audit.note("bea", "service removed", "files", now=now, before={"url": "https://files.example"})
    members = [audit.Member(name="weather", after={"tags": ["new"]}), audit.Member(name="maps")]
    audit.together("bea", "service changed", members, now=now)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["bea service changed 2 services", "bea service removed files", "ann service added weather"]),
        ({"who": "ann"}, ["ann service added weather"]),
        ({"what": "service removed"}, ["bea service removed files"]),
        ({"service": "weather"}, ["bea service changed 2 services", "ann service added weather"]),
        ({"service": "weath"}, []),
        ({"q": "FILES.example"}, ["bea service removed files"]),
        ({"q": "maps"}, ["bea service changed 2 services"]),
        ({"since": "2999-01-01"}, []),
        ({"until": "2001-01-01"}, []),
        ({"since": "nonsense", "door": ""}, ["bea service changed 2 services", "bea service removed files"]),
        ({"door": "rest"}, []),
    ],
)
def test_it_is_searched(admin: Client, log: None, query: dict[str, str], found: list[str]) -> None:
    assert told(admin, **query)[: max(len(found), 1)] == found


def test_it_is_read_in_pages(admin: Client) -> None:
    for number in range(120):
        audit.note("ann", "did", str(number), now=timezone.now())
    seen, address = [], LIST
    while address:
        page = admin.get(address)
        seen += [row.entry.target for row in page.context["rows"]]
        older = page.context["older"]
        address = f"{LIST}?{older}" if older else ""
    assert seen == [str(number) for number in reversed(range(120))]


def test_a_difference_is_shown_without_secrets(admin: Client) -> None:
    entry = {"url": "https://a.example/mcp", "headers": {"Authorization": "Bearer s3cr3t-canary"}}
    now = timezone.now()
    register.register({"w": entry}, by="ann", role=Role.ADMIN, now=now)
    entry["headers"]["Authorization"] = "Bearer other-canary"  # type: ignore[index]
    register.register({"w": {**entry, "description": "new"}}, by="ann", role=Role.ADMIN, now=now)
    row = AuditEntry.objects.get(action="service changed")
    page = text_of(admin.get(f"{LIST}{row.pk}/"))
    assert "<ins>" in page and "description" in page and "values written" in page
    everything = page + str(list(AuditEntry.objects.values())) + text_of(admin.get(f"{LIST}audit.json"))
    assert "canary" not in everything


def test_a_difference_is_shown_line_by_line_however_it_is_kept(admin: Client) -> None:
    before = {"url": "https://a.example/mcp", "headers": {"A": "1", "B": "2"}}
    after = before | {"headers": {"A": "1", "B": "3"}}
    audit.note("ann", "service changed", "w", now=timezone.now(), before=before, after=after)
    row = AuditEntry.objects.get(target="w")
    assert "\n" not in row.before + row.after

    def lines() -> list[tuple[str, str]]:
        found = admin.get(f"{LIST}{row.pk}/").context["change"].lines
        return [(line.kind, line.text.strip()) for line in found]

    shown = lines()
    assert ("out", '"B": "2"') in shown and ("in", '"B": "3"') in shown
    assert ("same", '"A": "1",') in shown
    spread = {side: json.dumps(json.loads(getattr(row, side)), indent=1) for side in ("before", "after")}
    AuditEntry.objects.filter(pk=row.pk).update(**spread)
    assert lines() == shown, "a row from before, when it was kept in lines"
    AuditEntry.objects.filter(pk=row.pk).update(after="{no JSON")
    assert ("in", "{no JSON") in lines()


def test_members_have_pages_of_their_own(admin: Client) -> None:
    said = [audit.Member(name=f"s-{n:03}", after={"n": n}) for n in range(120)]
    audit.together("ann", "service added", said, now=timezone.now())
    row = AuditEntry.objects.get(members=120)
    page = text_of(admin.get(f"{LIST}{row.pk}/?page=3"))
    assert "s-119" in page and "s-000" not in page and page.count("<details><summary>") == 20


def test_the_page_says_when_its_row_was_altered(admin: Client, log: None) -> None:
    row = AuditEntry.objects.get(target="files")
    assert "Unaltered" in text_of(admin.get(f"{LIST}{row.pk}/"))
    AuditEntry.objects.filter(pk=row.pk).update(actor="somebody")
    assert "Altered after it was written" in text_of(admin.get(f"{LIST}{row.pk}/"))


def test_files_hold_what_is_searched_and_are_audited(admin: Client, log: None) -> None:
    audit.note("bea", "did", "=1+1", now=timezone.now())
    found = json.loads(text_of(admin.get(f"{LIST}audit.json", {"who": "bea"})))["results"]
    assert [one["target"] for one in found] == ["=1+1", "2 services", "files"]
    assert [one["name"] for one in found[1]["members"]] == ["weather", "maps"]
    rows = list(csv.DictReader(io.StringIO(text_of(admin.get(f"{LIST}audit.csv", {"who": "bea"})))))
    assert rows[0]["target"] == "'=1+1" and rows[1]["members"] == "weather maps"
    assert AuditEntry.objects.filter(action="audit log exported", actor="admin-1").count() == 2
    assert admin.get(f"{LIST}audit.xml").status_code == 404


@pytest.mark.parametrize("address", [LIST, f"{LIST}1/", f"{LIST}audit.csv"])
def test_others_than_admins_see_nothing(operator: Client, address: str) -> None:
    assert operator.get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_an_act_says_where_it_came_from(admin: Client) -> None:
    admin.post("/agents/", {})
    admin.post("/add-agent/", {"name": "desk"}, headers={"X-Forwarded-For": "203.0.113.9"})
    row = AuditEntry.objects.get(action="agent added")
    assert (row.door, row.address) == ("page", "127.0.0.1")
    run("agents", "remove", "desk")
    row = AuditEntry.objects.get(action="agent removed")
    assert row.door == "command" and "@" in row.address


def test_the_command_lists_and_exports(log: None, data_dir: Any) -> None:
    said, _ = run("audit", "list", "--who", "bea")
    assert "service removed files" in said and "weather" not in said
    found = json.loads(run("audit", "export", "--service", "maps")[0])["results"]
    assert [one["what"] for one in found] == ["service changed"]
    assert run("audit", "export", "--format", "csv")[0].count("\r\n") >= 4


def test_what_was_done_is_said_in_words(admin: Client) -> None:
    audit.note("ann", "alert-rule.delete", "Down", now=timezone.now())
    address = f"{LIST}{AuditEntry.objects.get(action='alert-rule.delete').pk}/"
    for language, word in (("en", "rule deleted"), ("zh-hans", "删除规则")):
        admin.cookies["language"] = language
        for page in (LIST, address):
            shown = re.sub(r'value="[^"]*"', "", text_of(admin.get(page)))
            assert word in shown and "alert-rule.delete" not in shown, page
    assert told(admin, what="alert-rule.delete") == ["ann alert-rule.delete Down"]


def test_every_action_that_is_stored_as_a_name_has_words() -> None:
    """A name has a dot."""
    stored = set[str]()
    for path in [*(ROOT / "registry").rglob("*.py"), *(ROOT / "lifecycle").rglob("*.py")]:
        text = path.read_text("utf-8")
        noted = re.findall(r"audit\.note\([^,]+, (\w+),", text)
        places = [r"audit\.note\([^,]+, ", *(rf"{name} = " for name in noted)]
        for place in places:
            line = "".join(re.findall(rf"{place}(.*)", text))
            stored.update(re.findall(r'"([a-z-]+\.[a-z-]+)"', line))
    stored -= {"mcp.json", "secrets.key"}  # what was acted on
    assert stored == set(presenter.ACTIONS)
