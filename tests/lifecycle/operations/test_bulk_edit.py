"""Tags, profile, priority and agents of many services at once, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import again, editing, edits, waves
from registry.agents import operations as agents
from registry.core.scope import Scope
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import AuditEntry, AuditMember, Role, Service
from registry.models.limits import within
from registry.services import change, register
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db


def add(**tags: list[str]) -> None:
    entries = {
        name: {"url": f"https://{name}.example.org/mcp", "tags": given} for name, given in tags.items()
    }
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    AuditEntry.objects.all().delete()


def begin(edit: dict[str, Any], **more: Any) -> Batch:
    given = {"by": "ann", "role": Role.OPERATOR, "now": timezone.now(), **more}
    return editing.begin(edits.read(edit), **given)


def tags_of() -> dict[str, list[str]]:
    return dict(Service.objects.order_by("name").values_list("name", "tags"))


def test_tags_are_added_and_removed_and_those_that_have_them_already_are_left_out() -> None:
    add(one=["a"], two=["a", "b"], three=["c"], other=[])
    batch = begin({"add_tags": ["c"], "remove_tags": ["a"]}, names=["one", "two", "three"])
    assert batch.total == 2
    assert tags_of()["one"] == ["a"]
    waves.advance(timezone.now())
    assert tags_of() == {"one": ["c"], "two": ["b", "c"], "three": ["c"], "other": []}
    batch.refresh_from_db()
    assert batch.finished_at
    assert Service.objects.get(name="one").entry["tags"] == ["c"]


def test_the_audit_log_has_one_row_with_each_service_before_and_after() -> None:
    add(one=["a"], two=[])
    begin({"add_tags": ["b"], "profile": "critical"}, filters={"q": ""})
    waves.advance(timezone.now())
    row = AuditEntry.objects.get()
    assert (row.actor, row.target, row.detail) == ("ann", "edit of 2 services", "all that match q ")
    assert '"tags":["a"]' in AuditMember.objects.get(name="one").before.replace(" ", "")
    assert '"critical"' in AuditMember.objects.get(name="one").after


def test_a_program_keeps_running_as_what_it_was_approved() -> None:
    entry = {"command": "true", "env": {"TOKEN": "hunter2"}}
    register.register({"mcpServers": {"local": entry}}, by="ann", role=Role.ADMIN, now=timezone.now())
    before = Service.objects.get()
    begin({"priority": "high", "profile": "critical"}, names=["local"])
    waves.advance(timezone.now())
    after = Service.objects.get()
    assert (after.priority, after.profile) == ("high", "critical")
    assert (after.approved_hash, after.entry["env"]) == (before.approved_hash, before.entry["env"])
    assert register.is_approved(after)


def test_services_join_and_leave_agents() -> None:
    add(one=[], two=[])
    agents.add("reader", ["one"], by="ann", now=timezone.now())
    agents.add("writer", [], by="ann", now=timezone.now())
    batch = begin({"add_to_agent": "writer", "remove_from_agent": "reader"}, names=["one", "two"])
    waves.advance(timezone.now())
    assert agents.chosen_names(agents.get("writer")) == {"one", "two"}
    assert agents.chosen_names(agents.get("reader")) == set()
    again.undo(batch.pk, by="ann", role=Role.OPERATOR, now=timezone.now())
    waves.advance(timezone.now())
    assert agents.chosen_names(agents.get("writer")) == set()
    assert agents.chosen_names(agents.get("reader")) == {"one"}


def test_an_undo_brings_back_what_nobody_changed_since() -> None:
    add(one=["a"], two=["a", "new"], three=[])
    edit = {"add_tags": ["new"], "remove_tags": ["a"], "profile": "critical"}
    batch = begin(edit, names=["one", "two", "three"])
    waves.advance(timezone.now())
    change.change("three", {"profile": "background"}, by="bob", role=Role.ADMIN, now=timezone.now())
    undoing = again.undo(batch.pk, by="ann", role=Role.OPERATOR, now=timezone.now())
    waves.advance(timezone.now())
    assert tags_of() == {"one": ["a"], "two": ["new", "a"], "three": []}
    assert dict(Service.objects.values_list("name", "profile")) == {
        "one": "normal",
        "two": "normal",
        "three": "background",
    }
    assert not again.can_undo(undoing, "ann", Role.ADMIN, timezone.now())


def test_only_who_asked_or_an_admin_undoes_it() -> None:
    add(one=[])
    batch = begin({"add_tags": ["x"]}, names=["one"])
    waves.advance(timezone.now())
    batch.refresh_from_db()
    assert not again.can_undo(batch, "bob", Role.OPERATOR, timezone.now())
    assert again.can_undo(batch, "bob", Role.ADMIN, timezone.now())


def test_a_service_that_went_away_fails_and_the_others_are_done() -> None:
    add(one=[], two=[])
    batch = begin({"add_tags": ["x"]}, names=["one", "two"])
    register.remove("one", by="ann", now=timezone.now())
    waves.advance(timezone.now())
    assert dict(batch.members.values_list("service__name", "error")) == {"one": waves.GONE, "two": ""}
    assert tags_of()["two"] == ["x"]


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        ({}, "edit"),
        ({"colour": "red"}, "edit.colour"),
        ({"profile": "fast"}, "edit.profile"),
        ({"add_tags": "x"}, "edit.add_tags"),
        ({"add_tags": ["x" * 101]}, "edit.add_tags"),
        ({"add_tags": ["x"], "remove_tags": ["x"]}, "edit.add_tags"),
        ({"add_to_agent": "x", "remove_from_agent": "x"}, "edit.add_to_agent"),
    ],
)
def test_what_makes_no_sense_is_refused(edit: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        edits.read(edit)
    assert caught.value.where == where


def test_an_edit_that_changes_nothing_begins_nothing() -> None:
    add(one=["x"])
    with pytest.raises(InvalidConfigError, match="changes nothing"):
        begin({"add_tags": ["x"]}, names=["one"])
    assert not Batch.objects.exists()


def test_nobody_leads_services_out_of_or_into_a_scope() -> None:
    add(mine=["team-a", "x"], theirs=["team-b"])
    agents.add("reader", [], by="ann", now=timezone.now())
    with within(frozenset({Scope(tags=frozenset({"team-a"}))})):
        begin({"remove_tags": ["x"]}, filters={})
        assert Command._base_manager.count() == 1
        for edit in ({"remove_tags": ["team-a"]}, {"add_tags": ["team-b"]}):
            with pytest.raises(InvalidConfigError, match="scope"):
                begin(edit, names=["mine"])
        with pytest.raises(NotAllowedError):
            begin({"add_to_agent": "reader"}, names=["mine"])
        with pytest.raises(InvalidConfigError):
            begin({"remove_tags": ["x"]}, names=["theirs"])


def test_the_dialog_counts_asks_once_and_leads_to_the_progress(operator: Client) -> None:
    add(one=["a"], two=["a", "b"])
    ids = list(Service.objects.values_list("pk", flat=True))
    asked = text_of(operator.post("/batches/ask/", {"action": "edit", "pick": ids}, headers=HTMX))
    assert "Edit 2 services" in asked
    assert "Change 2 services" in asked
    assert "<span>a <small>2</small></span>" in asked
    given = {"action": "edit", "pick": ids, "count": "2", "add_tags": "x, y", "remove_tags": ["b"]}
    answer = operator.post("/batches/begin/", given, headers=HTMX)
    address = answer.headers["HX-Redirect"]
    waves.advance(timezone.now())
    assert tags_of() == {"one": ["a", "x", "y"], "two": ["a", "x", "y"]}
    page = text_of(operator.get(address))
    assert "Tags added: x, y" in page
    assert "Undo the changes" in page
    operator.post(f"{address}undo/")
    waves.advance(timezone.now())
    assert tags_of() == {"one": ["a"], "two": ["a", "b"]}


def test_the_dialog_comes_again_with_what_is_wrong_or_has_changed(operator: Client) -> None:
    add(one=["a"], two=[])
    ids = list(Service.objects.values_list("pk", flat=True))
    given = {
        "action": "edit",
        "pick": ids,
        "count": "2",
        "profile": "critical",
        "add_tags": "a",
        "remove_tags": "a",
    }
    answer = operator.post("/batches/begin/", given, headers=HTMX)
    assert answer.status_code == 422
    assert "Leave one of them out" in text_of(answer)
    assert '<option value="critical" selected>' in text_of(answer)
    changed = operator.post("/batches/begin/", {**given, "count": "3"}, headers=HTMX)
    assert "has changed" in text_of(changed)
    assert not Batch.objects.exists()


def test_without_scripts_the_dialog_is_a_page(operator: Client) -> None:
    add(one=["a"])
    page = text_of(operator.post("/batches/ask/", {"action": "edit", "everything": "1", "q": "one"}))
    assert "<html" in page
    assert "Change 1 service" in page
