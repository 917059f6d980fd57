"""The audit log is sealed and chained: what was altered, taken out or slipped in is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.access import audit
from registry.access.audit import chain, retention
from registry.access.audit.verify import verify
from registry.models import AuditEntry, AuditHead, AuditMember
from tests.support.commands import run
from tests.support.registering import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def acts(count: int) -> list[AuditEntry]:
    for number in range(count):
        audit.note("ann", "did", f"thing {number}", "why", now=NOW, before={"a": 1}, after={"a": number + 2})
    return list(AuditEntry.objects.order_by("id"))


def many() -> AuditEntry:
    said = [audit.Member(name=f"s-{n}", before={"x": n}, after={"x": n + 1}) for n in range(5)]
    audit.together("ann", "service changed", said, now=NOW)
    return AuditEntry.objects.get(members=5)


def test_an_untouched_log_is_whole() -> None:
    acts(4)
    many()
    found = verify()
    assert (found.rows, found.problems) == (5, [])
    acts(2)
    again = verify(found.last)
    assert (again.rows, again.problems) == (7, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "bea"),
        ("action", "did not"),
        ("target", "other"),
        ("detail", ""),
        ("before", "{}"),
        ("after", ""),
        ("at", NOW - timedelta(days=1)),
        ("door", "rest"),
        ("address", "10.0.0.1"),
        ("link", "x"),
        ("seal", "x"),
        ("position", 99),
    ],
)
def test_a_row_that_was_altered_is_found(column: str, value: Any) -> None:
    rows = acts(3)
    chain.tie_all()
    AuditEntry.objects.filter(pk=rows[1].pk).update(**{column: value})
    assert verify().problems


def test_a_row_is_sealed_before_it_is_in_the_chain() -> None:
    (row,) = acts(1)
    AuditEntry.objects.filter(pk=row.pk).update(actor="bea")
    assert "was altered" in verify().problems[0]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_row_that_was_taken_out_is_found(which: int) -> None:
    rows = acts(3)
    chain.tie_all()
    rows[which].delete()
    assert f"row {which + 1} is missing" in verify().problems


def test_a_member_that_was_taken_out_or_altered_is_found() -> None:
    row = many()
    chain.tie_all()
    AuditMember.objects.filter(entry=row, name="s-3").update(after="{}")
    assert "was altered" in verify().problems[0]


def test_a_row_that_was_slipped_in_is_found() -> None:
    acts(1)
    AuditEntry.objects.create(at=NOW, actor="bea", action="did", target="x")
    assert "was not written by this console" in verify().problems[0]


def test_rows_from_before_the_seals_are_taken_as_they_are() -> None:
    old = AuditEntry.objects.create(at=NOW, actor="ann", action="did", target="x")
    AuditHead.objects.update_or_create(pk=1, defaults={"unsealed_to": old.pk})
    assert verify().problems == []
    AuditEntry.objects.update(actor="bea")
    assert "was altered" in verify().problems[0]


def test_a_shortened_end_is_found_by_what_was_noted_of_it() -> None:
    acts(2)
    middle = verify().last
    rows = acts(2)
    last = verify().last
    end = AuditHead.objects.get()
    AuditEntry.objects.filter(pk__in=[row.pk for row in rows[2:]]).delete()
    end.last_position, end.last_link = 2, middle.partition(":")[2]
    chain.keep(end)  # somebody who had the key, too
    assert verify(middle).problems == []
    assert "noted earlier" in "".join(verify(last).problems)


def test_an_end_that_was_moved_is_not_sealed_anew() -> None:
    """Who has the database alone shortens the log and says where it ends: the worker does not believe it."""
    rows = acts(3)
    chain.tie_all()
    rows[2].delete()
    AuditHead.objects.update(last_position=2, last_link=AuditEntry.objects.get(position=2).link, seal="x")
    acts(1)
    assert chain.tie() == 0
    assert "begins and ends was altered" in verify().problems[0]


def test_another_key_is_said_and_not_taken_for_forgery(settings: Any) -> None:
    acts(2)
    chain.tie_all()
    settings.SECRET_KEY = "another one, made when the file was lost"
    acts(1)
    found = verify()
    assert found.problems == [] and found.other_keys == 2
    AuditEntry.objects.filter(position=3).update(seal="0123abcd.x", link="0123abcd.x")
    assert verify().problems


def test_what_is_too_old_goes_and_the_rest_is_still_whole(settings: Any) -> None:
    settings.AUDIT_DAYS = 30
    now = timezone.now()
    for days in (90, 60, 45, 10, 1):
        audit.note("ann", "did", str(days), now=now - timedelta(days=days))
    chain.tie_all()
    assert retention.step(now) == 3
    assert list(AuditEntry.objects.order_by("id").values_list("target", flat=True)) == ["10", "1", "3 rows"]
    assert verify().problems == []
    assert retention.step(now) == 0
    AuditEntry.objects.order_by("id")[0].delete()
    assert verify().problems


def test_nothing_goes_where_it_is_kept_for_ever(settings: Any) -> None:
    settings.AUDIT_DAYS = 0
    audit.note("ann", "did", "x", now=NOW - timedelta(days=9000))
    chain.tie_all()
    assert retention.step(timezone.now()) == 0


def test_the_command_says_it_and_fails(data_dir: Any) -> None:
    rows = acts(3)
    said, _ = run("audit", "verify")
    assert said.startswith("3 rows, none altered, none missing. End: 3:")
    AuditEntry.objects.filter(pk=rows[0].pk).update(detail="nothing")
    _, error = run("audit", "verify", code=1)
    assert "row 1 (" in error and "was altered" in error
