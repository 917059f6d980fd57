"""The sentences that code makes without asking for a translation: of the pure core, of errors, of the worker.

They are stored or raised in English, with their values in them, and translated where they are shown
(`registry.installation.sentences.said`). Here they are read from the code itself: of `f"{tool.name} is gone"`
the catalogue has `%(name)s is gone`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_ONE = frozenset(
    json.loads(line) for line in Path(__file__).with_name("not_sentences.txt").read_text("utf-8").splitlines()
)
"""What looks like a sentence and is none: names, headers, words that are compared."""
PACKAGES = ("mcpstore_site", "registry", "lifecycle")
LEFT_OUT = re.compile(
    r"/(migrations|benchmarks|demo|sqlite3|prometheus|facade|tests)/|/(api|schemas|settings|urls|apps)\.py$"
    r"|/core/(pictures/|answers/(epitaph|proof)|machine/diagram"
    r"|monitoring/(packing|varints|sketch|calls|gauges|cgroups))"
)
"""What no person reads (a REST description is a machine's), and what reads the words of others."""
MODELS = re.compile(r"/models(/|\.py$)")
SHOWN = ("gettext", "gettext_lazy", "ngettext", "pgettext", "lazy", "_", "_now", "noop", "gettext_noop")
NOT_SAID = (
    *SHOWN,
    *("debug", "info", "warning", "error", "exception", "log", "critical"),
    *(
        "compile",
        "sub",
        "match",
        "search",
        "fullmatch",
        "split",
        "execute",
        "RawSQL",
        "Context",
        "create_task",
    ),
    *(
        "TypeVar",
        "getattr",
        "setattr",
        "startswith",
        "endswith",
        "removesuffix",
        "get",
        "pop",
        "CharField",
        "TextField",
    ),
)
BRACES = re.compile(r"\{(\w+)\}")
WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? \(?[A-Za-z“\"%]|%\(\w+\)s\)? [a-z]{2}|[a-z]{2} ?%\(")
SINGLE = (
    "connected",
    "registered",
    "changed",
    "unchanged",
    "created",
    "updated",
    "removed",
    "invalid",
    "nothing",
    *("a number", "a list", "a text", "an object", "text", "null"),
    *("added %(names)s", "changed %(names)s", "removed %(names)s"),
    *("Service:", "Worker:", "Host:", "Token:", "Fleet:", "Fleet"),
    "HEALTHY",
    "WARNING",
    "RECONNECTING",
    "UNREACHABLE",
    "INITIALIZING",
    "DISCONNECTING",
    "DISCONNECTED",
)
"""Words that are stored as they are, alone."""
JUNK = re.compile(
    r"""\\[bswdS.(] | \(\? | \^ | \$$ | :: | </?\w | ^\W*$ | =" | application/ | text/
    | \b(SELECT|UPDATE|INSERT|DELETE|WHERE|PRAGMA|JOIN|CREATE|NULL|UNION|AND|SHARE|NOTHING)\b
    | ^[\w./-]+\.(html|js|css|json|py)$ | ^[a-z_-]+(\ [a-z]+[_-][a-z_-]+)+$ | ^\w+/\w+$ | ^[-\w]+\ [-\w]+;""",
    re.VERBOSE,
)


def found() -> Iterator[str]:
    """Every sentence, as the template that it is."""
    yield from SINGLE
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not LEFT_OUT.search(name):
                yield from found_in(path, name)


def found_in(path: Path, name: str) -> Iterator[str]:
    """Those of one file; of models the names of choices alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _headings(tree)
    passed_over = set(_passed_over(tree))
    within = _labels(tree) if MODELS.search(name) else ast.walk(tree)
    for node in within:
        text = template(node) if id(node) not in passed_over else ""
        if text and WORDS.search(text) and not JUNK.search(text) and text not in NOT_ONE:
            yield text


def _headings(tree: ast.Module) -> Iterator[str]:
    """Of what the terminal shows as a table."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("table") and len(node.args) > 1:
            texts = [part.value for part in ast.walk(node.args[1]) if isinstance(part, ast.Constant)]
            yield from (text for text in texts if isinstance(text, str) and text.isupper())


def _labels(tree: ast.Module) -> Iterator[ast.AST]:
    """Of models the names of choices alone: other texts there are notes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Choices" in ast.unparse(base) for base in node.bases):
            yield from ast.walk(node)


def _passed_over(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                yield id(docstring)
            case ast.JoinedStr():
                yield from (id(part) for part in ast.walk(node) if part is not node and _is_piece(part, node))
            case ast.Call():
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in NOT_SAID:
                    yield from (id(part) for argument in node.args for part in ast.walk(argument))
            case ast.Compare() | ast.Assert():
                yield from (id(part) for part in ast.walk(node) if part is not node)


def _is_piece(part: ast.AST, whole: ast.JoinedStr) -> bool:
    """Fixed text of the whole itself; a text within one of its values is a sentence of its own."""
    return any(part is value for value in whole.values) or isinstance(part, ast.FormattedValue)


def template(node: ast.AST) -> str:
    """The text with named placeholders; equal values have one name, others their own."""
    if isinstance(node, ast.Constant):
        return BRACES.sub(r"%(\1)s", node.value) if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    names: dict[str, str] = {}
    text = ""
    for value in node.values:
        if isinstance(value, ast.Constant):
            text += str(value.value).replace("%", "%%")
        elif isinstance(value, ast.FormattedValue):
            text += f"%({_named(value, names)})s"
    return text


def _named(value: ast.FormattedValue, names: dict[str, str]) -> str:
    source = ast.unparse(value)
    if source not in names:
        parts = [part for part in ast.walk(value.value) if isinstance(part, ast.Attribute | ast.Name)]
        said = [part.attr if isinstance(part, ast.Attribute) else part.id for part in parts]
        name = base = (next(iter(said), "") or "value").strip("_").lower() or "value"
        number = 2
        while name in names.values():
            name, number = f"{base}{number}", number + 1
        names[source] = name
    return names[source]
