from __future__ import annotations

from registry.core.secrecy.arguments import secret_values, without_credentials

SCHEMA = {
    "properties": {
        "pin": {"type": "string", "format": "password"},
        "note": {"type": "string", "writeOnly": True},
        "inner": {"properties": {"pin": {"format": "password"}}},
        "list": {"items": {"properties": {"pin": {"format": "password"}}}},
        "plain": {"type": "string"},
    }
}


def test_what_the_schema_or_the_name_marks_is_a_credential() -> None:
    given = {"pin": "1", "note": "2", "inner": {"pin": "3"}, "list": [{"pin": "4"}], "apiKey": {"a": ["5"]}}
    assert secret_values(SCHEMA, {**given, "plain": "open", "count": 7}) == ["1", "2", "3", "4", "5"]


def test_a_schema_that_is_none_leaves_the_names() -> None:
    assert secret_values(None, {"password": "1", "plain": "open"}) == ["1"]
    assert secret_values({"properties": []}, {"token": "1"}) == ["1"]


def test_arguments_are_kept_without_what_is_marked_named_or_looks_like_a_credential() -> None:
    given = {
        "pin": 1234,
        "inner": {"pin": "3", "city": "Bern"},
        "list": [{"pin": "4"}, {"plain": "open"}],
        "api_key": "abc",
        "password": 5,
        "max_tokens": 400,
        "accessToken": None,
        "auth": {"user": "ann", "secret": "x"},
        "note": 7,
        "text": "use ghp_0123456789abcdefghijklmn for it",
        "flag": True,
    }
    assert without_credentials(SCHEMA, given, "…") == {
        "pin": "…",
        "inner": {"pin": "…", "city": "Bern"},
        "list": [{"pin": "…"}, {"plain": "open"}],
        "api_key": "…",
        "password": "…",
        "max_tokens": 400,
        "accessToken": None,
        "auth": "…",
        "note": "…",
        "text": "use … for it",
        "flag": True,
    }
    assert without_credentials(None, ["plain", {"token": ["a"]}], "…") == ["plain", {"token": "…"}]


def test_nobody_nests_a_credential_too_deep_to_be_seen() -> None:
    deep: object = "secret"
    for _ in range(40):
        deep = {"a": deep}
    assert "secret" not in str(without_credentials(None, deep, "…"))
