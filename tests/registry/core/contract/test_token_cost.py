"""The estimate of what a definition costs, beside what a real tokenizer counted once (o200k_base)."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core.contract.token_cost import tokens

PATH = {"type": "string", "description": "Absolute path of the file, within an allowed directory."}
TOOLS: list[tuple[str, str, dict[str, Any], int]] = [
    ("ping", "", {"type": "object", "properties": {}}, 19),
    (
        "read_text_file",
        "Reads a file as text. Fails for files outside of the allowed directories.",
        {"type": "object", "properties": {"path": PATH, "head": {"type": "number"}}, "required": ["path"]},
        66,
    ),
    (
        "天気予報",
        "指定した都市の明日の天気を返します。",
        {"type": "object", "properties": {"city": {"type": "string"}}},
        39,
    ),
    (
        "createPullRequestReviewComment",
        "id 1234567890123, see https://example.org/docs/api#reviews",
        {
            "type": "object",
            "properties": {"pull_request_number": {"type": "integer", "minimum": 1, "maximum": 99999}},
        },
        56,
    ),
]


@pytest.mark.parametrize(("name", "description", "schema", "counted"), TOOLS)
def test_the_estimate_is_near_what_a_tokenizer_counts(
    name: str, description: str, schema: dict[str, Any], counted: int
) -> None:
    assert tokens(name, description, schema) == pytest.approx(counted, rel=0.2)


def test_any_schema_has_an_estimate() -> None:
    assert tokens("", "", {}) > 0
    assert tokens("x" * 500, "\ud800", {"a": [None, 1.5, True]}) > 50
