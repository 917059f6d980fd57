"""Placeholders as clients write them, to the ones that we ask for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from registry.core.documents.found import Input

_EXPRESSION = re.compile(
    r"\$\{\{\s*(?:(?:secrets|env|inputs|vars)\.)?([A-Za-z_][\w-]{0,150})\s*\}\}", re.ASCII
)
_FILE = re.compile(r"\$?\{file:([^{}]{1,500})\}")
_BARE = re.compile(
    r"(?:(?<=[\s:=/@,\"'])|(?<![^\s]))\$([A-Za-z_]\w{0,150})|\$([A-Z_][A-Z0-9_]{1,150})(?!\w)", re.ASCII
)
"""Alone, or in capitals: a password with a dollar sign in it is none."""
_ALONE = re.compile(r"(?:(?:Bearer|Basic|Token)\s+)?\$([A-Za-z_]\w{0,150})\Z", re.ASCII)


def respelled(text: str, *, bare: bool, ask: Callable[[str, Input], None]) -> str:
    """The text with each placeholder as `${NAME}`; *ask* hears of those that stand for a file's content."""
    if "{" not in text and "$" not in text:
        return text

    def of_file(match: re.Match[str]) -> str:
        name = _of_file(match[1])
        ask(name, Input(description=f"the content of the file {match[1][:200]}"))
        return f"${{{name}}}"

    text = _FILE.sub(of_file, _EXPRESSION.sub(r"${\1}", text))
    return _BARE.sub(lambda match: f"${{{match[1] or match[2]}}}", text) if bare else text


def _of_file(path: str) -> str:
    """A name that no other path has: what the letters alone leave open, a digest tells."""
    letters = re.sub(r"[^A-Za-z0-9_]+", "_", path)[-100:].strip("_")
    told = path == "/" + letters.replace("_", "/")
    digest = "" if told else "_" + hashlib.sha256(path.encode("utf-8", "replace")).hexdigest()[:8]
    return f"file_{letters}{digest}"


def bare_one(text: str) -> str:
    """The name that is all of the text, behind a dollar sign alone: only shells and Gemini CLI fill it in."""
    found = _ALONE.match(text)
    return found[1] if found else ""
