"""Hostile documents: refused at once, with a place and a remedy, by nothing but InvalidConfigError."""

from __future__ import annotations

import json
import resource
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.core.documents import dialects, reading
from registry.core.entries import entry, filling
from registry.core.secrecy import redact
from registry.errors import InvalidConfigError


def problem(source: object) -> str:
    with pytest.raises(InvalidConfigError) as caught:
        for found in dialects.find(source).found:
            if found.problem is not None:
                raise found.problem
            reading.check(found.raw, found.place)
            entry.parse(found.raw, found.place)
    return str(caught.value)


DOCUMENTS: list[tuple[Any, str]] = [
    ("", "document: is empty"),
    ("null", "is no configuration that is known"),
    ('"weather"', "is no configuration that is known"),
    ('{"mcpServers": ', "is not JSON: Expecting value at its end in line 1"),
    ('{"mcpServers": {} } x', "is not JSON: Extra data"),
    ('{"a": "x', "a text that does not end in line 1"),
    ('{"a":\n /* x', "a comment that does not end in line 2"),
    ("[" * 17 + "]" * 17, "nested deeper than 16"),
    ('{"a": ' * 10_000, "nested deeper than 16"),
    (b"\xff\xfe{\x00", "is not JSON"),
    ('{"a": "\0"}', "holds a NUL character in line 1"),
    ('{"mcpServers": 3}', "mcpServers: must be an object or a list"),
    ('{"mcpServers": {}, "mcpServers": {}}', "mcpServers: is given twice"),
    (
        '{"mcpServers": {"a": {"url": "https://x.example"}, "a": {"command": "x"}}}',
        "mcpServers.a: is given twice",
    ),
    ('{"a": {"url": "https://x.example", "url": "https://y.example"}}', "a.url: is given twice"),
    ('{"a": {"url": "https://x.example", "x": {"b": 1, "b": 2}}}', "a.x.b: is given twice"),
    ('{"a": {"url": "https://x.example", "timeout": NaN}}', "a.timeout: is NaN"),
    ('{"a": {"url": "https://x.example", "timeout": 1e999}}', "a.timeout: is an infinite number"),
    (
        '{"a": {"url": "https://x.example", "n": %s}}' % ("9" * 5000),
        "a.n: is a number of more than 18 digits",
    ),
    ('{"a": {"command": "x\\u0000"}}', "a.command: holds a NUL"),
    ('{"a": {"command": "x", "args": ["\\ud800"]}}', "a.args[0]: holds half of a character"),
    ("[mcp_servers.a]\nurl = " + "[" * 1000, "nested deeper than 16"),
    ("[mcp_servers.a]\nurl = ", "is not TOML"),
    ({"a": {"command": {1, 2}}}, "not made of JSON values"),
]


@pytest.mark.parametrize(("source", "said"), DOCUMENTS)
def test_a_hostile_document_is_refused_with_its_place(source: Any, said: str) -> None:
    assert said in problem(source)


def test_a_cycle_in_python_values_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["mcpServers"] = loop
    assert "nested deeper than 16" in problem(loop)


def test_sixteen_levels_and_one_mebibyte_are_read() -> None:
    assert reading.read("[" * 16 + "]" * 16)
    padded = '{"mcpServers": {}}'.ljust(reading.MAX_BYTES)
    assert reading.read(padded) == {"mcpServers": {}}
    assert "larger than 1 MiB" in problem(padded + " ")


ROOM = reading.MAX_BYTES - 100


def locked(sealed: int, *, beside: int = 0, at: str = "secrets") -> str:
    """A document with so many locked characters, and so many others."""
    block = {"kdf": "scrypt", "salt": "x", "sealed": "A" * sealed}
    return json.dumps({"mcpServers": {"a": {"command": "x" * beside}}, at: block})


def test_locked_values_come_on_top_of_what_a_document_may_have() -> None:
    text = locked(3_000_000, beside=ROOM - 50)
    for source in (text, text.encode(), json.loads(text), json.dumps(json.loads(text), indent=2)):
        assert len(reading.read(source)["secrets"]["sealed"]) == 3_000_000
    body = {"document": json.loads(text), "passphrase": "x"}
    assert reading.read(json.dumps(body), at=("document",)) == body
    inside = json.dumps({"document": text})
    assert reading.read(inside, at=("document",))["document"] == text
    small = json.loads(reading.without_sealed(text.encode()))
    assert (small["secrets"]["sealed"], small["mcpServers"]) == ("", json.loads(text)["mcpServers"])


@pytest.mark.parametrize(
    "text",
    [
        locked(3_000_000, beside=ROOM + 100),
        locked(3_000_000, at="elsewhere"),
        locked(reading.MAX_SEALED + reading.MAX_BYTES),
        json.dumps({"secrets": {"sealed": "A" * 2_000_000 + "!"}}),
        json.dumps({"document": json.loads(locked(2_000_000))}),
        json.dumps({"secrets": {"sealed": "A"}, "x": {"sealed": "A" * 2_000_000}}),
        json.dumps({"secrets": {"sealed": "A" * 2_000_000}, "x": {"sealed": "A" * 1_000_000}}),
        '{"a": "' + '\\"sealed' * 300_000 + '"}',
    ],
    ids=lambda text: text[:20],
)
def test_nothing_else_comes_on_top(text: str) -> None:
    for source in (text, text.encode()):
        assert "larger than 1 MiB" in problem(source)
    body = json.dumps({"document": "x", "values": json.loads(locked(2_000_000))})
    with pytest.raises(InvalidConfigError, match="1 MiB"):
        reading.read(body, at=("document",))


def test_a_hundred_megabytes_are_refused_at_once_and_nearly_without_memory() -> None:
    sealed = b'{"secrets": {"kdf": "scrypt", "sealed": "' + b"A" * 100_000_000 + b'"}}'
    for source in (b"[" * 100_000_000, "[" * 100_000_000, sealed, sealed.decode()):
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        assert "larger than 1 MiB" in problem(source)
        assert time.process_time() - began < 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize(
    "text", ["/*" * 500_000, '"\\' * 500_000, "//" * 500_000, "," * 1_000_000, '{"' * 500_000]
)
def test_a_mebibyte_of_anything_takes_no_time(text: str) -> None:
    began = time.process_time()
    problem(text)
    assert time.process_time() - began < 5


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KEYS = st.sampled_from(
    [
        "mcpServers",
        "servers",
        "mcp",
        "name",
        "command",
        "args",
        "env",
        "url",
        "headers",
        "type",
        "disabled",
        "timeout",
    ]
) | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)
TEXTS = st.text(alphabet=st.sampled_from('{}[]",:/*\\ \nabc1-${}%@?=&#\ud800\0é'), max_size=200)


def swallow(source: object) -> None:
    """Go the whole way of a document; whatever is raised but InvalidConfigError fails the test."""
    try:
        for found in dialects.find(source).found:
            try:
                reading.check(found.raw, found.place)
                if isinstance(found.raw, dict):
                    cut = redact.cut("svc", found.raw)
                    values = {**cut.literals, **dict.fromkeys(cut.asks.values(), "value")}
                    assert isinstance(entry.parse(filling.fill(cut.entry, values), found.place), entry.Entry)
            except InvalidConfigError:
                continue
    except InvalidConfigError:
        return


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_no_tree_raises_anything_else(tree: Any) -> None:
    swallow(tree)
    swallow({"mcpServers": {"a": tree}})
    swallow(json.dumps(tree))


@settings(max_examples=300, deadline=None)
@given(TEXTS | st.binary(max_size=200))
@example("[mcp_servers]")
@example('{"a":{"url":"http://[::1"}}')
@example('{"a":{"url":"http://x:99999"}}')
@example('{"a":{"command":"a \\"b"}}')
def test_no_text_raises_anything_else(text: str | bytes) -> None:
    swallow(text)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, TREES, max_size=6), TEXTS)
def test_no_entry_raises_anything_else(raw: dict[str, Any], text: str) -> None:
    swallow({"mcpServers": {"a": {"command": "x", **raw}, "b": {"url": text}, "c": {"command": text}}})


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_what_was_cut_comes_back_when_filled(tree: Any) -> None:
    raw = {"command": "x", "args": ["--token", "a b"], "x": tree}
    try:
        found = dialects.find({"mcpServers": {"a": raw}}).found[0]
        reading.check(found.raw, found.place)
    except InvalidConfigError:
        return
    cut = redact.cut("svc", found.raw)
    if not cut.asks:
        assert filling.fill_everywhere(cut.entry, cut.literals) == found.raw
