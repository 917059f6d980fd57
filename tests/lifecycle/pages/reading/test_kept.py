"""Queries whose SQL is written once: they find what the query itself finds, for everybody, at any time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import QuerySet
from django.db.models.functions import Upper

from lifecycle.pages.reading import kept
from registry.core.scope import Scope
from registry.models import Service, limits
from tests.support.registering import URL, Register

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
Maker = Callable[[], "QuerySet[Service, Service]"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each time that the query was written."""
    monkeypatch.setattr(kept, "_known", {})
    return []


def maker(made: list[str]) -> Maker:
    def make() -> QuerySet[Service, Service]:
        made.append("made")
        found = Service.objects.listed().annotate(loud=Upper("name")).only("name", "created_at")
        return found.order_by("name")

    return make


def tagged(name: str, *tags: str) -> dict[str, dict[str, object]]:
    return {"mcpServers": {name: {"url": URL, "tags": list(tags)}}}


def loud(found: list[Service]) -> list[tuple[str, str]]:
    return [(one.name, one.loud) for one in found]  # type: ignore[attr-defined]


def test_what_was_written_once_finds_the_rows_of_now(register: Register, made: list[str]) -> None:
    make = maker(made)
    register(tagged("b"))
    first = kept.rows("loud", make)
    register(tagged("a"))
    again = kept.rows("loud", make)
    assert (loud(first), loud(again)) == ([("b", "B")], [("a", "A"), ("b", "B")])
    assert made == ["made"]
    assert [one.created_at for one in again] == [one.created_at for one in make()]
    assert again[0].get_deferred_fields() == make()[0].get_deferred_fields() != set()


def test_a_value_of_each_row_is_what_the_query_gives(register: Register, made: list[str]) -> None:
    register(tagged("a"))
    asked = Service.objects.listed().order_by("pk").values("name", "tags", "created_at")
    assert kept.rows("values", lambda: asked) == kept.rows("values", lambda: asked) == list(asked)


def test_whom_a_scope_limits_gets_none_of_another_view(register: Register, made: list[str]) -> None:
    make = maker(made)
    register(tagged("mine", "team-a"))
    register(tagged("theirs", "team-b"))
    everything = [("mine", "MINE"), ("theirs", "THEIRS")]
    assert loud(kept.rows("loud", make)) == everything
    with limits.within(frozenset({Scope(tags=frozenset({"team-a"}))})):
        assert loud(kept.rows("loud", make)) == everything[:1]
    assert loud(kept.rows("loud", make)) == everything


def test_so_many_are_kept_and_no_more(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    make = maker(made)
    for key in ("one", "two", "three"):
        kept.rows(key, make)
    assert len(kept._known) == 1
