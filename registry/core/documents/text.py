"""Any text to what it holds: JSON as people write it, TOML, YAML, a block of code, or what people type."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.documents import reading
from registry.core.documents.formats import fences, loose, yaml_text
from registry.core.documents.formats.fences import Block
from registry.core.documents.found import Document
from registry.core.documents.places import ROOT, shorten
from registry.core.documents.typed import lines as typed_lines
from registry.errors import InvalidConfigError

_FRAGMENT = re.compile(r"""\s*(?:["“”„][^"“”\n]{1,200}["“”]|'[^'\n]{1,200}')\s*:\s*[{\[]""")
_YAML_KEY = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?(?:[\w.@/-]+|"[^"\n]*+"|'[^'\n]*+')[ \t]*:(?=\s|\Z)""", re.MULTILINE
)
_YAML_SERVERS = re.compile(r"^[ \t]*(?:mcpServers|mcp_servers|extensions|servers)[ \t]*:", re.MULTILINE)
_A_PATH = re.compile(r"(?:[~.]{0,2}[/\\]|[A-Za-z]:[/\\])?[^\n{}:<>]{1,300}\.(?:json[c5]?|toml|ya?ml)\Z")
Holds = Callable[[object], bool]
_EXAMPLES = (
    "Paste a configuration, or write an address such as https://example.org/mcp "
    "or a command such as npx -y PACKAGE"
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a text holds: a tree, or a document already; `language` is what it was written in."""

    tree: Any = None
    document: Document | None = None
    language: str = "JSON"


def read(source: object, limit: int, holds: Holds) -> Held:
    """What text, bytes or Python values hold. InvalidConfigError says where it cannot be read, and why.

    *holds* tells a tree with servers in it from others, where a text has several blocks of code.
    """
    if not isinstance(source, (str, bytes, bytearray, memoryview)):
        return Held(tree=reading.read(source, limit))
    text = reading.text_of(source, limit)
    if not text.strip():
        return Held(tree=reading.read(source, limit))
    if not text.lstrip().startswith(("{", "[")) and (blocks := fences.blocks(text)):
        return _of_blocks(blocks, limit, holds)
    return _held(text, limit)


def _in_braces(text: str) -> bool:
    starts = text.lstrip().startswith(("{", "[", "//", "/*"))
    return starts or reading.is_toml(text) or loose.is_assigned(text)


def _held(text: str, limit: int) -> Held:
    if _in_braces(text):
        return _braces(text, limit)
    if (document := typed_lines.read(text)) is not None:
        return Held(document=document, language="text")
    if _FRAGMENT.match(text):
        return _fragment(text, limit)
    return _prose(text, limit)


def _braces(text: str, limit: int) -> Held:
    """JSON or TOML; else what is meant by something that is nearly JSON."""
    try:
        return Held(tree=reading.read(text, limit), language="TOML" if reading.is_toml(text) else "JSON")
    except InvalidConfigError as exc:
        try:
            return Held(tree=loose.read(text, limit))
        except InvalidConfigError:
            raise exc from None


def _of_blocks(blocks: Sequence[Block], limit: int, holds: Holds) -> Held:
    """The one block that holds servers. Several of them are not joined: they may be alternatives."""
    good: list[tuple[int, Held]] = []
    first: InvalidConfigError | None = None
    for block in blocks:
        try:
            good.append((block.line, _held(block.text, limit)))
        except InvalidConfigError as exc:
            first = first or _in_block(exc, block.line)
    telling = [(line, held) for line, held in good if held.document or holds(held.tree)] or good
    if len(telling) == 1:
        return telling[0][1]
    if telling:
        lines = ", ".join(str(line) for line, _ in telling[:5])
        what = f"has {len(telling)} blocks of code that could be meant, in lines {lines}"
        raise InvalidConfigError(ROOT, what, "Paste the one that is meant")
    raise first or _unknown("")


def _in_block(exc: InvalidConfigError, line: int) -> InvalidConfigError:
    """The problem of a block, told with where the block starts."""
    return InvalidConfigError(exc.where, f"{exc.what} (in the block of code in line {line})", exc.remedy)


def _fragment(text: str, limit: int) -> Held:
    """Members of an object without its braces."""
    return _braces("{" + text.strip().rstrip(",").rstrip() + "}", limit)


def _prose(text: str, limit: int) -> Held:
    wrong: InvalidConfigError | None = None
    if _YAML_KEY.search(text):
        try:
            tree = yaml_text.read(text, limit)
            if isinstance(tree, (dict, list)):
                return Held(tree=tree, language="YAML")
        except InvalidConfigError as exc:
            wrong = exc
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        inside = re.sub(r"[^\n]", " ", text[:start]) + text[start : end + 1]
        try:
            return _braces(inside, limit)
        except InvalidConfigError as exc:
            wrong = wrong if wrong and _YAML_SERVERS.search(text) else exc
    if wrong is not None and (_YAML_SERVERS.search(text) or "{" in text or _is_yaml(text)):
        raise wrong
    raise _unknown(text)


def _is_yaml(text: str) -> bool:
    """Whether its first line is a name and a colon, and not a sentence."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    name = first.partition(":")[0]
    return bool(_YAML_KEY.match(first)) and name == name.lower()


def _unknown(text: str) -> InvalidConfigError:
    line = text.strip()
    if _A_PATH.match(line):
        return InvalidConfigError(
            ROOT,
            "is the path of a file, which is not read from here",
            "Paste its content, or upload it",
        )
    shown = shorten(line.split("\n")[0], 20)
    return InvalidConfigError(
        ROOT, f'begins with "{shown}", which is no configuration that is known', _EXAMPLES
    )
