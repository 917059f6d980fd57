"""Two documents, line by line."""

from __future__ import annotations

import difflib
import time

from hypothesis import given
from hypothesis import strategies as st

from registry.core.diff import documents
from registry.core.diff.documents import CONTEXT, compared

texts = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=30).map("\n".join)


def test_a_summary_names_the_services_and_the_first_version_may_have_none() -> None:
    old, new = ('{"mcpServers": {"a": 1, "b": 1}}', '{"mcpServers": {"b": 2, "c": 1}}')
    assert documents.summary(old, new) == "added c; changed b; removed a"
    assert documents.summary("", '{"mcpServers": {}}') == "no services yet"
    assert documents.summary(old, old + " ") == "order or layout changed"


def test_what_is_the_same_shows_no_line() -> None:
    assert compared("a\nb\n", "a\nb\n") == compared("", "") == []


def test_lines_are_numbered_on_their_side_and_gaps_stand_for_the_rest() -> None:
    old = [str(n) for n in range(20)]
    new = [*old[:10], "ten", *old[11:]]
    found = compared("\n".join(old), "\n".join(new))
    assert [(line.kind, line.text, line.old, line.new) for line in found] == [
        ("gap", "", None, None),
        *[("same", str(n), n + 1, n + 1) for n in (7, 8, 9)],
        ("out", "10", 11, None),
        ("in", "ten", None, 11),
        *[("same", str(n), n + 1, n + 1) for n in (11, 12, 13)],
        ("gap", "", None, None),
    ]


@given(texts, texts)
def test_every_difference_is_shown_and_what_is_shown_is_true(before: str, after: str) -> None:
    old, new = before.splitlines(), after.splitlines()
    found = compared(before, after)
    for line in found:
        assert line.old is None or old[line.old - 1] == line.text
        assert line.new is None or new[line.new - 1] == line.text
    shown = [line for line in found if line.kind != "gap"]
    rest_old = [text for n, text in enumerate(old, 1) if n not in {line.old for line in shown}]
    rest_new = [text for n, text in enumerate(new, 1) if n not in {line.new for line in shown}]
    assert rest_old == rest_new
    assert bool(found) == (old != new)
    if found and len(shown) < len(old):
        assert any(line.kind == "gap" for line in found)


def test_large_documents_take_no_time_by_the_square() -> None:
    old = "\n".join(f'"s{n}": {{\n  "url": "https://s{n}.example/"\n}},' for n in range(10_000))
    began = time.process_time()
    few = compared(old, old.replace("s5000.example", "s5000.test").replace("s9.example", "s9.test"))
    all_of_it = compared(old, old.replace(".example", ".test"))
    assert time.process_time() - began < 5
    assert [line.text.strip() for line in few if line.kind == "in"] == [
        '"url": "https://s9.test/"',
        '"url": "https://s5000.test/"',
    ]
    assert len([line for line in all_of_it if line.kind == "in"]) >= 10_000


def test_as_many_lines_stand_around_as_in_a_unified_diff() -> None:
    before, after = "\n".join("abcdefghij"), "\n".join("abcdEfghij")
    unified = list(difflib.unified_diff(before.split("\n"), after.split("\n"), n=CONTEXT))[3:]
    shown = [line for line in documents.compared(before, after) if line.kind != "gap"]
    assert len(shown) == len(unified)
