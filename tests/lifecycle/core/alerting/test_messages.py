"""A person's text is replaced literally and never run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.alerting.messages import PLACEHOLDERS, fill, lasting, unknown_placeholders


def test_known_placeholders_are_replaced_and_others_refused() -> None:
    assert fill("{service}: {reason}", {"service": "weather", "reason": "refused"}) == "weather: refused"
    assert unknown_placeholders("{service} {host} {service.__class__} {} { {rule} {host}") == [
        "host",
        "service.__class__",
        "",
    ]


def test_a_values_own_braces_are_left_alone() -> None:
    assert fill("{reason} {level}", {"reason": "{level} {0.x}", "level": "INFO"}) == "{level} {0.x} INFO"


@pytest.mark.parametrize("text", ["{:>999999999}", "{service!r:>99999999}", "{0}", "{{service}", "%(x)s"])
def test_format_language_means_nothing(text: str) -> None:
    assert len(fill(text, dict.fromkeys(PLACEHOLDERS, "v"))) < 60


@given(st.text(), st.text())
def test_filling_never_fails(template: str, value: str) -> None:
    fill(template, dict.fromkeys(PLACEHOLDERS, value))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (65, "1 min 5 s"), (3600, "1 h"), (90061, "1 d 1 h"), (-4, "0 s")],
)
def test_spans_are_told_in_two_units(seconds: float, words: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == words
