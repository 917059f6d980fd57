"""Form and JSON in step: nothing is lost on the way, whatever the schema is like."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.template.loader import render_to_string

from lifecycle.core.playground.kinds import as_text
from lifecycle.tools.playground import presenter, session
from lifecycle.tools.playground.session import NotArgumentsError, Session
from tests.support.forms import Controls
from tests.support.tool_schemas import CASES, ENDLESS, FALLS_BACK, POINT, SHAPES, STRING, of


def html_of(found: Session) -> str:
    about = {
        "stem": "pg1",
        "form": presenter.view(found, "pg1"),
        "session": found,
        "again": "",
        "form_url": "/x",
    }
    return render_to_string("lifecycle/tools/playground/_form.html", about)


def sent(found: Session, **typed: str) -> dict[str, str]:
    """What the browser sends of this form, with a few controls changed."""
    controls = Controls(html_of(found)).sent
    assert not typed.keys() - controls.keys() - {"arguments"}, controls
    return controls | {"arguments": found.shown, "shown": found.stands_for} | typed


def press(schema: Any, found: Session, action: str, **typed: str) -> Session:
    assert action in Controls(html_of(found)).buttons
    return session.go_on(schema, sent(found, **typed), action)


@pytest.mark.parametrize("case", CASES)
def test_arguments_go_through_the_form_unchanged(case: str) -> None:
    schema, value = CASES[case]
    from_json = session.go_on(schema, {"arguments": as_text(value), "shown": "of another text"})
    assert from_json.rebuilt
    again = session.go_on(schema, sent(from_json, arguments=as_text(value)))
    assert json.dumps(again.value, sort_keys=True) == json.dumps(value, sort_keys=True)
    assert not again.rebuilt


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if case not in ("not what the schema says", "unknown properties", "a carriage return")
    ],
)
def test_these_schemas_need_no_json(case: str) -> None:
    schema, value = CASES[case]
    form = session.begin(schema, value).form
    assert form.whole or case in ("anything", "an object of anything")


@pytest.mark.parametrize("case", CASES)
def test_the_form_begins_with_a_draft_that_fits(case: str) -> None:
    assert session.begin(CASES[case][0]).problems == []


@pytest.mark.parametrize("case", FALLS_BACK)
def test_what_no_form_can_be_made_of_is_json_alone(case: str) -> None:
    schema = FALLS_BACK[case] | {"required": ["a"]}
    schema["properties"]["b"] = STRING
    controls = Controls(html_of(session.begin(schema, {"b": "x"})))
    assert {"f-j/a", "f-t/b"} <= controls.sent.keys()
    found = session.go_on(schema, sent(session.begin(schema, {"b": "x"}), **{"f-j/a": '{"c": [1]}'}))
    assert found.value == {"a": {"c": [1]}, "b": "x"}


@pytest.mark.parametrize("case", ENDLESS)
def test_no_schema_keeps_the_console_busy(case: str) -> None:
    schema, began = ENDLESS[case], time.process_time()
    found = session.begin(schema, {"a": "a" * 40 + "!"})
    html_of(found)
    html_of(session.begin(schema))
    assert time.process_time() - began < 5


def test_defaults_are_there_to_begin_with() -> None:
    schema = of("q", q=STRING, limit={"type": "integer", "default": 10}, none={"default": None}, p=POINT)
    assert session.begin(schema).value == {"q": "", "limit": 10}


def test_a_default_that_does_not_fit_is_left_out() -> None:
    schema = of("q", q=STRING, limit={"type": "integer", "default": "ten"})
    assert session.begin(schema).value == {"q": ""}


LIST = of(a={"type": "array", "items": STRING})


def test_items_are_added_moved_and_removed() -> None:
    found = session.begin(LIST, {"a": ["x", "y"]})
    added = press(LIST, found, "add /a", **{"f-s/a/1": "Y"})
    assert (added.value, added.rebuilt, added.focus.path) == ({"a": ["x", "Y", ""]}, True, "/a/2")
    up = press(LIST, added, "up /a/1")
    assert (up.value, up.focus.path, up.focus.what) == ({"a": ["Y", "x", ""]}, "/a/0", "up")
    removed = press(LIST, up, "remove /a/0")
    assert removed.value == {"a": ["x", ""]}
    assert 'value="add /a" autofocus' in html_of(removed)


def test_a_text_that_is_no_number_stays_with_its_item_as_it_is_moved() -> None:
    schema = of(a={"type": "array", "items": {"type": "integer"}})
    found = press(schema, session.begin(schema, {"a": [1, 2]}), "up /a/1", **{"f-n/a/1": "2x"})
    assert Controls(html_of(found)).sent["f-n/a/0"] == "2x"
    assert [problem.location for problem in found.problems] == [("a", 0)]


def test_an_optional_object_is_added_and_left_out_again() -> None:
    schema = of(p=POINT)
    there = press(schema, session.begin(schema), "add /p")
    assert there.value == {"p": {"x": 0}}
    assert press(schema, there, "remove /p").value == {}


def test_rows_of_a_map_are_added_and_named() -> None:
    schema = of("m", m={"type": "object", "additionalProperties": {"type": "integer"}})
    added = press(schema, session.begin(schema, {"m": {"a": 1}}), "add /m")
    assert added.value == {"m": {"a": 1, "": 0}}
    assert added.focus.what == "key"
    named = session.go_on(schema, sent(added, **{"f-k/m/+1": "b", "f-n/m/+1": "7"}))
    assert named.value == {"m": {"a": 1, "b": 7}}


def test_two_rows_of_one_name_are_both_kept_and_told() -> None:
    schema = of("m", m={"type": "object", "additionalProperties": STRING})
    posted = sent(session.begin(schema, {"m": {"a": "1", "b": "2"}}), **{"f-k/m/+1": "a"})
    found = session.go_on(schema, posted)
    assert found.value == {"m": {"a": "1", "a (2)": "2"}}
    assert "Another property has this name." in html_of(found)


def test_another_variant_begins_with_its_own_draft() -> None:
    schema = of("s", s=SHAPES)
    circle = session.begin(schema)
    assert circle.value == {"s": {"kind": "circle", "radius": 0}}
    square = session.go_on(schema, sent(circle, **{"f-c/s": "1"}))
    assert square.value == {"s": {"kind": "square", "width": 0}}
    assert square.rebuilt


def test_a_variant_keeps_what_was_typed_under_the_same_name() -> None:
    left, right = of("name a", name=STRING, a=STRING), of("name b", name=STRING, b=STRING)
    schema = of("s", s={"anyOf": [left, right]})
    typed = sent(session.begin(schema), **{"f-s/s/name": "Ada", "f-c/s": "1"})
    assert session.go_on(schema, typed).value == {"s": {"name": "Ada", "b": ""}}


def test_the_variant_that_is_meant_says_what_is_wrong() -> None:
    schema = of("s", s=SHAPES)
    found = session.go_on(
        schema, sent(session.begin(schema, {"s": {"kind": "square", "width": 1}}), **{"f-n/s/width": "wide"})
    )
    assert [(one.location, one.keyword) for one in found.problems] == [(("s", "width"), "type")]


def test_problems_are_said_at_their_fields() -> None:
    schema = of("n", n={"type": "integer", "minimum": 1}, m={"type": "string", "format": "email"})
    found = session.go_on(
        schema, sent(session.begin(schema, {"n": 1, "m": "a@b"}), **{"f-n/n": "0", "f-t/m": "x"})
    )
    wrong = {one.label: one.wrong for one in presenter.view(found, "pg1").root.children}
    assert wrong == {"n": ["This must be at least 1."], "m": ["This must have the format email."]}
    missing = session.go_on(schema, sent(found, **{"f-n/n": ""}))
    assert presenter.view(missing, "pg1").root.children[0].wrong == ["This is required."]


def test_half_written_json_of_a_field_is_kept_and_told() -> None:
    schema = FALLS_BACK["a reference to nothing"]
    found = session.go_on(schema, sent(session.begin(schema), **{"f-j/a": '{"b": '}))
    assert Controls(html_of(found)).sent["f-j/a"] == '{"b": '
    assert "This is not valid JSON." in html_of(found)


@pytest.mark.parametrize(
    ("text", "place"), [("{", "line 1"), ("[1]", ""), ("NaN", "NaN"), ("[" * 99_999, "too deep")]
)
def test_json_that_is_no_object_is_refused(text: str, place: str) -> None:
    with pytest.raises(NotArgumentsError) as caught:
        session.go_on(LIST, {"arguments": text, "shown": ""})
    assert place in caught.value.place


SECRET = of("key", key={"type": "string", "format": "password"}, n={"type": "integer"})


def test_a_password_is_dots_in_the_json_and_survives_edits_there() -> None:
    found = session.go_on(SECRET, sent(session.begin(SECRET), **{"f-s/key": "s3cret-word"}))
    assert "s3cret-word" not in found.shown
    assert found.value["key"] == "s3cret-word"
    text = found.shown.replace("}", ', "n": 5}')
    again = session.go_on(SECRET, sent(found, arguments=text))
    assert again.value == {"key": "s3cret-word", "n": 5}


def test_credentials_are_typed_as_passwords() -> None:
    schema = of(api_key=STRING, plain=STRING, w={"type": "string", "writeOnly": True})
    types = Controls(html_of(session.begin(schema))).types
    assert (types["f-t/api_key"], types["f-t/w"], types["f-t/plain"]) == ("password", "password", "text")
