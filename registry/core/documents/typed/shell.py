"""Lines that were meant for a shell, as commands of words. Nothing is run, expanded or looked up."""

from __future__ import annotations

import re

from registry.core.documents.places import ROOT
from registry.errors import InvalidConfigError

_TOKEN = re.compile(
    r"(?P<join>\\\r?\n)"
    r"|(?P<end>\r?\n|;|&&)"
    r"|(?P<space>[ \t]++)"
    r"|(?P<comment>(?<![^\s;])#[^\n]*+)"
    r"|'(?P<single>[^']*+)'"
    r'|"(?P<double>[^"\\]*+(?:\\.[^"\\]*+)*)"'
    r"|\\(?P<escaped>[\s\"'\\$`#&;|<>()])"
    r"|(?P<variable>\$[A-Za-z_]\w*+)"
    r"|(?P<operator>[|<>&`]|\$\()"
    r"|(?P<plain>[^\s;&'\"\\$|<>`]++|.)",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r"\\([\"\\$`\n])|\$([A-Za-z_]\w*+)")
_PROMPT = re.compile(r"^[ \t]*(?:\$|%|>|PS [^>\n]*>)[ \t]+(?=\S)", re.MULTILINE)


def commands(text: str) -> list[list[str]]:
    """The words of each command; `$NAME` comes out as `${NAME}`, which a person is asked for.

    InvalidConfigError where only a shell would know what is meant.
    """
    made: list[list[str]] = []
    words: list[str] = []
    word: str | None = None
    for match in _TOKEN.finditer(_PROMPT.sub("", text)):
        kind = match.lastgroup
        if kind in ("space", "join", "comment", "end"):
            words += [] if word is None else [word]
            word = None
            if kind == "end":
                made, words = [*made, words], []
            continue
        if kind == "operator" or match.group() in ("'", '"'):
            raise _only_a_shell(text, match)
        word = (word or "") + _text(match)
    words += [] if word is None else [word]
    return [found for found in [*made, words] if found]


def _text(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind == "double":
        return _IN_DOUBLE.sub(_of_double, match["double"])
    if kind == "variable":
        return f"${{{match[kind][1:]}}}"
    return match[kind]


def _of_double(match: re.Match[str]) -> str:
    if match[2]:
        return f"${{{match[2]}}}"
    return "" if match[1] == "\n" else match[1]


def _only_a_shell(text: str, match: re.Match[str]) -> InvalidConfigError:
    sign = match.group()
    if sign in ("'", '"'):
        return InvalidConfigError(
            ROOT, "has a quotation mark without its pair", "Close it, and paste it again"
        )
    what = f"has {sign} in it, which only a shell understands"
    return InvalidConfigError(
        ROOT, what, f"Leave out {sign} and what belongs to it, or name a script instead"
    )
