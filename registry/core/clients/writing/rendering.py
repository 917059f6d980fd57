"""Trees of plain values as JSON, TOML and YAML: each text comes back as it was, whoever reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)
_SAFE = re.compile(r"[A-Za-z_][A-Za-z_-]*\Z", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDE = 1_000_000


def as_json(tree: Mapping[str, Any]) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def as_toml(tree: Mapping[str, Any]) -> str:
    """Objects are tables; a list holds texts alone."""
    return "\n".join(_table((), tree)).lstrip("\n") + "\n"


def _table(place: tuple[str, ...], tree: Mapping[str, Any]) -> Iterator[str]:
    inner = {key: value for key, value in tree.items() if isinstance(value, dict)}
    own = {key: value for key, value in tree.items() if key not in inner}
    if place and (own or not inner):
        yield from ("", f"[{'.'.join(map(_key, place))}]")
    yield from (f"{_key(key)} = {_value(value)}" for key, value in own.items())
    for key, value in inner.items():
        yield from _table((*place, key), value)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _value(key)


def _value(value: Any) -> str:
    """As in JSON, whose texts TOML reads too, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class _Dumper(yaml.SafeDumper):
    """Puts a text in quotation marks unless it can be nothing else, in YAML 1.1 and in 1.2."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _SAFE.match(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def as_yaml(tree: Mapping[str, Any]) -> str:
    made: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDE)
    return made


RENDER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json": as_json,
    "toml": as_toml,
    "yaml": as_yaml,
}
