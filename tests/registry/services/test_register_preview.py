"""A preview says what saving would do, without values, and writes nothing."""

from __future__ import annotations

import pytest

from registry.core.documents.correcting import Correction
from registry.core.entries.filling import MASK
from registry.imports import preview as import_preview
from registry.models import Service
from tests.support.registering import URL, Register, outcomes

pytestmark = pytest.mark.django_db


def test_a_preview_says_the_same_and_writes_nothing(register: Register) -> None:
    register({"same": {"url": URL}, "other": {"url": URL}, "gone": {"url": URL}})
    seen = import_preview.preview(
        {
            "inputs": [{"id": "key", "description": "The key", "password": False}],
            "servers": {
                "same": {"url": URL},
                "other": {"url": URL + "2"},
                "new": {"command": "x", "args": ["--token", "canary"]},
                "asks": {"url": "http://localhost:${input:port}/mcp", "headers": {"K": "${input:key}"}},
                "a b": {"url": URL},
                "wrong": {"url": "ftp://${input:host}/"},
            },
        }
    )
    assert [(row.name, row.outcome) for row in seen.rows] == [
        ("same", "unchanged"),
        ("other", "changed"),
        ("new", "added"),
        ("asks", "asks"),
        ("a b", "invalid"),
        ("wrong", "invalid"),
    ]
    assert seen.rows[2].endpoint == f"x --token {MASK}"
    assert (seen.rows[3].asks, seen.rows[4].suggestion) == (["port", "key"], "a-b")
    assert seen.asks[1] == import_preview.Ask(name="key", description="The key", secret=False)
    assert seen.missing == ["gone"]
    assert Service.objects.count() == 3


def test_entries_are_taken_and_corrected_by_their_number(register: Register) -> None:
    document = [{"name": "a", "url": URL}, {"name": "a", "url": URL + "/2"}, {"name": "c"}, "a"]
    corrections = {1: Correction(name="b"), 2: Correction(text='{"url": "https://c.example/"}')}
    seen = import_preview.preview(document, corrections=corrections, at={0, 1, 2})
    assert [(row.number, row.name, row.outcome) for row in seen.rows] == [
        (0, "a", "added"),
        (1, "b", "added"),
        (2, "c", "added"),
    ]
    assert outcomes(register(document, corrections=corrections, at={1, 2})) == [
        ("b", "created"),
        ("c", "created"),
    ]
    assert outcomes(register(document, at={0, 3})) == [("a", "created"), ("a", "unchanged")]


def test_a_preview_shows_what_changes_without_values(register: Register) -> None:
    register({"a": {"url": URL, "headers": {"K": "canary-1"}}})
    entry = {"url": URL, "headers": {"K": "canary-2"}, "tags": ["t"], "disabled": True}
    (row,) = import_preview.preview({"a": entry}).rows
    changed = [line.text.strip() for line in row.lines if line.kind in ("in", "out")]
    assert '"t"' in changed
    assert '"disabled": true' in changed
    assert "canary" not in str(row)
    assert row.notes == ["a.headers.K: gets another value"]


def test_a_preview_says_where_only_hidden_values_change_and_what_is_started(register: Register) -> None:
    headers = {"K": "canary-1", "L": "same-as-ever", "M": "${SHARED}"}
    register({"a": {"url": URL, "headers": headers}}, values={"SHARED": "canary-2"})
    register({"b": {"url": URL, "disabled": True}})
    again = {"a": {"url": URL, "headers": headers | {"K": "canary-3", "M": "canary-4"}}}
    (row,) = import_preview.preview(again).rows
    assert row.outcome == "changed"
    assert row.lines == []
    assert row.notes == ["a.headers.K: gets another value", "a.headers.M: gets another value"]
    assert [row.notes for row in import_preview.preview(["a", "b"]).rows] == [[], ["b: will be started"]]


def test_a_preview_names_stored_values_that_a_new_entry_would_take(register: Register) -> None:
    asks = {"url": URL, "headers": {"K": "Bearer ${TOKEN}"}}
    register({"a": asks}, values={"TOKEN": "canary-1"})
    (row,) = import_preview.preview({"b": asks | {"url": "https://elsewhere.example.org/mcp"}}).rows
    assert row.outcome == "added"
    assert row.notes == ["b: takes the value of TOKEN that is stored here"]
    assert import_preview.preview({"a": asks}).rows[0].notes == []
