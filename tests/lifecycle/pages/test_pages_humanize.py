"""Times, bars, drafts and diagnoses: small functions that make the words of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.core.lists import argument_draft
from lifecycle.core.machine.states import State
from lifecycle.pages import humanize
from lifecycle.services.diagnosis.diagnosis import Facts, diagnose
from lifecycle.tools import presenter as tool_presenter
from lifecycle.tools.answers import presenter as answers

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86400, "1 d")],
)
def test_elapsed_is_the_largest_whole_unit(seconds: float, words: str) -> None:
    assert humanize.elapsed(timedelta(seconds=seconds)) == words


def test_a_countdown_never_says_less_than_is_left() -> None:
    assert humanize.until(NOON + timedelta(seconds=3.2), NOON) == "in 4 s"
    assert humanize.until(NOON, NOON) == "now"


@pytest.mark.parametrize(("ms", "words"), [(None, "–"), (0.2, "1 ms"), (44.4, "44 ms"), (1240, "1.2 s")])
def test_response_times_have_a_fitting_unit(ms: float | None, words: str) -> None:
    assert humanize.milliseconds(ms) == words


def test_a_try_that_is_due_says_for_how_long() -> None:
    assert humanize.next_try(NOON + timedelta(seconds=12), NOON) == "next attempt in 12 s"
    assert humanize.next_try(NOON - timedelta(seconds=8.5), NOON) == "trying now, for 8 s"


def test_moments_are_written_for_scripts_and_for_people() -> None:
    assert humanize.iso(NOON) == "2026-11-21T12:00:00.000Z"
    assert humanize.local(NOON) == "2026-11-21 12:00:00 UTC"
    assert (humanize.iso(None), humanize.local(None), humanize.ago(None, NOON)) == ("", "–", "–")


def test_what_retrying_cannot_cure_is_said_to_be_so() -> None:
    assert "would not help" in diagnose(Facts(state=State.UNREACHABLE, kind=Kind.AUTH)).what
    assert "7 connection attempts" in diagnose(Facts(state=State.UNREACHABLE, kind=Kind.DNS, attempts=7)).what


def test_slow_and_failing_warnings_read_differently() -> None:
    assert "slowly" in diagnose(Facts(state=State.WARNING)).what
    assert "3 checks" in diagnose(Facts(state=State.WARNING, kind=Kind.TIMEOUT, failures=3)).what


def test_a_connection_that_never_was_is_not_called_lost() -> None:
    assert "lost" in diagnose(Facts(state=State.RECONNECTING)).what
    assert "lost" not in diagnose(Facts(state=State.RECONNECTING, served=False)).what


def test_the_attempt_shown_is_never_past_the_last() -> None:
    facts = Facts(state=State.RECONNECTING, kind=Kind.REFUSED, attempts=10, max_attempts=10)
    assert diagnose(facts).next_step == "Attempt 10 of 10"


@pytest.mark.parametrize(
    ("schema", "draft"),
    [
        (None, {}),
        ([], {}),
        ({"properties": 7}, {}),
        ({"properties": {"a": {"type": "string"}}, "required": "a"}, {}),
        ({"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, {"a": ""}),
        ({"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}, {"a": ""}),
        ({"properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}, {"a": "x"}),
        ({"properties": {"a": {"default": 5, "type": "integer"}}, "required": ["a"]}, {"a": 5}),
        ({"properties": {"a": True, "b": {"type": "array"}}, "required": ["a", "b"]}, {"a": None, "b": []}),
    ],
)
def test_a_draft_has_the_required_arguments_whatever_the_schema(schema: Any, draft: Any) -> None:
    assert argument_draft.draft(schema) == draft


@pytest.mark.parametrize("block", [None, 7, "x", [], {}, {"type": "text"}, {"type": "image", "data": 7}])
def test_any_content_block_can_be_shown(block: Any) -> None:
    part = answers.part_of(block)
    assert part.text or part.note or part.tree
    assert not part.picture


@pytest.mark.parametrize(("text", "said"), [("no  such\ncity", ""), ("see the log", "no such city")])
def test_an_error_that_the_answer_itself_says_is_shown_once(text: str, said: str) -> None:
    content = [{"type": "text", "text": text}]
    answer = answers.answer_of({"ok": False, "error": "no such city", "content": content})
    assert (answer.error, answer.parts[0].text) == (said, text)


def test_an_endless_answer_is_cut() -> None:
    part = answers.part_of({"type": "text", "text": "x" * 10**6})
    assert len(part.text) == answers.LONGEST_OUTCOME


@pytest.mark.parametrize("outcome", [{}, {"content": 7, "duration_ms": "x"}, {"ok": True, "content": [None]}])
def test_any_outcome_can_be_shown(outcome: dict[str, Any]) -> None:
    assert answers.answer_of(outcome).ok is bool(outcome.get("ok"))


def test_every_text_of_an_outcome_is_changed() -> None:
    assert tool_presenter.mapped({"a": ["b", {"c": 1, "d": None}]}, str.upper) == {
        "A": ["B", {"C": 1, "D": None}]
    }
