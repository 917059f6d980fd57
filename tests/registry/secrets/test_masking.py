"""A known value is found in a foreign text however it is written there."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from registry.core.entries.filling import MASK
from registry.secrets import masking

VALUE = 'pa55 "wörd"/&<x>+7d1f'
KNOWN = masking.variants([VALUE])


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        json.dumps(VALUE)[1:-1],
        json.dumps(VALUE, ensure_ascii=False)[1:-1],
        html.escape(VALUE),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
    ],
)
def test_each_way_of_writing_is_masked(written: str) -> None:
    assert masking.mask(f"before {written} after", KNOWN) == f"before {MASK} after"


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
def test_base64_of_a_longer_text_gives_nothing_away(before: str) -> None:
    encoded = base64.b64encode(f"{before}{VALUE}!".encode()).decode()
    shown = masking.mask(encoded, KNOWN)
    assert MASK in shown
    assert len(shown.replace(MASK, "")) <= 12


def test_a_value_cut_off_at_the_end_is_masked_too() -> None:
    assert masking.mask(f"said {VALUE[:9]}…", KNOWN) == f"said {MASK}…"
    assert masking.mask("nothing of it…", KNOWN) == "nothing of it…"


def test_keys_and_nested_texts_are_masked() -> None:
    found = {VALUE: [{"a": VALUE, "n": 1}, None]}
    assert masking.masked(found, KNOWN) == {MASK: [{"a": MASK, "n": 1}, None]}


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("svc.env.LOG_LEVEL", "info", True),
        ("svc.env.AWS_REGION", "eu-west-1", True),
        ("LOG_LEVEL", "production", True),
        ("svc.env.API_KEY", "info", False),
        ("svc.env.PLAIN", "4f7a9c2e81b04d", False),
        ("svc.args.3", "info", False),
        ("svc.auth", "info", False),
        ("API_TOKEN", "info", False),
    ],
)
def test_only_plain_words_under_plain_names_may_stand_in_lists(name: str, value: str, word: bool) -> None:
    assert masking.is_word(name, value) is word


def test_what_the_process_had_in_its_hands_is_not_logged() -> None:
    masking.remember(["remembered-7d1f", "short"])
    assert masking.mask_remembered("a remembered-7d1f short") == f"a {MASK} short"
