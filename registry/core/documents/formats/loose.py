"""What people paste instead of JSON: a Python dict, JavaScript, quotation marks that an editor bent."""

from __future__ import annotations

import json
import re

from registry.core.documents import reading
from registry.core.documents.places import ROOT
from registry.errors import InvalidConfigError

# Possessive quantifiers, and none around a group: no input makes these go back over what they have read.
_TOKEN = re.compile(
    r'"(?P<double>[^"\\\n]*+(?:\\.[^"\\\n]*+)*)"'
    r"|'(?P<single>[^'\\\n]*+(?:\\.[^'\\\n]*+)*)'"
    r"|`(?P<back>[^`\\$]*+(?:\\.[^`\\$]*+)*)`"
    r"|(?P<comment>//[^\n]*+|#[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/)"
    r"|(?P<word>[A-Za-z_$][\w$]*+)"
    r"|(?P<number>[-+]?[0-9.][\w.+-]*+)"
    r"|(?P<mark>[{}\[\]():,;])"
    r"|(?P<space>\s++)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
_JSON_WORDS = ("true", "false", "null", "NaN", "Infinity")
_BENT = str.maketrans("“”„‟«»‘’‚‛′″", '""""""' + "''''" + "'\"")
_ESCAPES = {"'": "'", "\n": "", "`": "`", "$": "$", "0": "\\u0000", "v": "\\u000b", "a": "\\u0007"}
_MARKS = {"(": "[", ")": "]", ";": " "}
_ASSIGNED = re.compile(
    r"\s*(?:export\s+default\s+|(?:const|let|var)\s+)?[A-Za-z_$][\w$.]*+\s*=\s*(?=[{\[])|\s*export\s+default\s+(?=[{\[])"
)
_NEXT = re.compile(r"\s*+:")


def is_assigned(text: str) -> bool:
    """Whether it is a statement of a program that names an object."""
    return bool(_ASSIGNED.match(text))


def is_bent(text: str) -> bool:
    """Whether it has quotation marks that no program writes."""
    return any(char in text for char in "“”„‟«»‘’‚‛")


def straight(text: str) -> str:
    """The same with plain quotation marks."""
    return text.translate(_BENT)


def as_json(text: str) -> str:
    """The JSON that is meant, line for line; InvalidConfigError where that is not clear."""
    assigned = _ASSIGNED.match(text)
    pieces = [text[: assigned.end()].count("\n") * "\n"] if assigned else []
    pieces += [_piece(text, match) for match in _TOKEN.finditer(text, assigned.end() if assigned else 0)]
    return "".join(pieces)


def _piece(text: str, match: re.Match[str]) -> str:
    kind, word = match.lastgroup, match.group()
    if kind == "comment":
        return re.sub(r"[^\n]", " ", word)
    if kind in ("double", "single", "back"):
        return _quoted(match[kind])
    if kind == "word":
        if word in _JSON_WORDS or word in _WORDS:
            return _WORDS.get(word, word)
        if _NEXT.match(text, match.end()):
            return json.dumps(word)
    if kind == "mark":
        return _MARKS.get(word, word)
    if kind in ("number", "space"):
        return word
    line = text.count("\n", 0, match.start()) + 1
    raise InvalidConfigError(ROOT, f"cannot be read in line {line}", "Write it as JSON")


def _quoted(inside: str) -> str:
    """A text of Python or JavaScript as JSON writes it."""
    if "\\" not in inside:
        return json.dumps(inside, ensure_ascii=False)
    plain = re.sub(r'\\(.)|(")', _escape, inside, flags=re.DOTALL)
    return '"' + plain.replace("\t", "\\t").replace("\n", "\\n") + '"'


def _escape(match: re.Match[str]) -> str:
    if match[2]:
        return '\\"'
    return _ESCAPES.get(match[1], match[0])


def read(text: str, limit: int = reading.MAX_BYTES) -> object:
    """The tree of what is meant; InvalidConfigError where nothing is."""
    return reading.read(as_json(straight(text) if is_bent(text) else text), limit)
