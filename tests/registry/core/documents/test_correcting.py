"""An entry that was wrong is corrected as text, and its values neither go out nor get lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.core.documents import correcting, dialects, reading
from registry.core.documents.correcting import Correction
from registry.core.documents.dialects import Found
from registry.core.entries.filling import MASK
from registry.errors import InvalidConfigError

RAW = {"url": "https://h.example/?key=canary-1", "command": "x", "env": {"K": "canary-2"}, "n": [1]}


def found(document: Any) -> tuple[Found, ...]:
    return dialects.find(document).found


def corrected(item: Found, text: str = "", name: str = "") -> Found:
    (made,) = correcting.applied([item], {0: Correction(text=text, name=name)})
    return made


def test_the_text_hides_values_and_they_come_back() -> None:
    (item,) = found({"mcpServers": {"a": RAW}})
    text = correcting.shown(item)
    assert "canary" not in text
    changed = json.loads(text)
    assert changed["env"] == {"K": MASK}
    del changed["command"]
    made = corrected(item, json.dumps(changed))
    assert made.raw == {key: value for key, value in RAW.items() if key != "command"}
    assert (made.name, made.place, made.problem) == ("a", ("mcpServers", "a"), None)


def test_a_name_alone_leaves_the_entry_and_what_is_wrong_with_it() -> None:
    first, second = found('[{"name": "a", "command": "x"}, {"name": "b", "command": "x", "command": "y"}]')
    made = correcting.applied([first, second], {0: Correction(name="c"), 1: Correction(name="d")})
    assert [one.name for one in made] == ["c", "d"]
    assert made[0].raw == first.raw
    assert made[1].problem is not None
    assert corrected(second, '{"command": "y"}').problem is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "mcpServers.a: is not JSON"),
        ("[1]", "mcpServers.a: must be an object"),
        ('{"command": "x", "env": {"OTHER": "••••••"}}', "represents a hidden value"),
        ("[" * 20, "mcpServers.a: is nested deeper"),
    ],
)
def test_a_correction_that_is_wrong_itself_says_where(text: str, said: str) -> None:
    (item,) = found({"mcpServers": {"a": RAW}})
    problem = corrected(item, text).problem
    assert isinstance(problem, InvalidConfigError)
    assert said in str(problem)


@pytest.mark.parametrize("value", ["NaN", "9" * 30, '"\\ud800"', '"\\u0000"', "{}", "[[]]"])
def test_whatever_is_wrong_it_can_be_shown(value: str) -> None:
    for text in ('{"a": {"command": "x", "x": %s}}', '{"a": {"command": %s}, "b": {"command": "x"}}'):
        item = found(text % value)[0]
        assert json.loads(correcting.shown(item)).keys() >= {"command"}
    assert json.loads(correcting.shown(found('{"mcpServers": {"a": 1}}'.replace("1", value))[0])) == {}


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "9" * 30, "-" + "9" * 19, "1e400", "9" * 5000])
def test_what_cannot_be_is_shown_as_it_was_written_and_stays_wrong(value: str) -> None:
    (item,) = found(
        '{"mcpServers": {"a": {"command": "x", "n": VALUE, "m": [VALUE]}}}'.replace("VALUE", value)
    )
    text = correcting.shown(item)
    assert text.count(value[:50]) == 2
    made = corrected(item, text)
    if made.problem is None:
        with pytest.raises(InvalidConfigError, match=r"18 digits|infinite number|JSON does not have"):
            reading.check(made.raw, made.place)


def test_a_text_that_looks_like_a_mark_stays_what_it_is() -> None:
    (item,) = found('{"mcpServers": {"a": {"command": "x", "s": "\\u00007\\u0000"}}}')
    assert json.loads(correcting.shown(item))["s"] == "\x007\x00"
