"""Cuts the values out of an entry: what is left may be stored, shown and exported."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core import tokens
from registry.core.dialects import URL_KEYS
from registry.core.placeholders import Placeholder, holes, reference, replaced

ENV_KEYS, HEADER_KEYS = ("env", "environment"), ("headers", "http_headers")
USED = frozenset({"command", "args", "cwd", "auth", *URL_KEYS, *ENV_KEYS, *HEADER_KEYS})
KEPT = frozenset(
    {"type", "transport", "timeout", "tags", "description", "profile", "priority", "disabled", "enabled"}
)
LONGEST_NAME = 200
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Digest)[ \t]+", re.IGNORECASE)
_OPEN_CHUNK = re.compile(r"(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Digest)?[\s:;,=&/@.-]*\Z", re.IGNORECASE)
_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.DOTALL)
_ASSIGNED = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*)=(.*)\Z", re.DOTALL)
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+:\s*)(.*)\Z", re.DOTALL)


@dataclass(kw_only=True)
class Cut:
    """An entry without its values: `literals` were found in it, `asks` (asked name -> secret) are to be given."""

    entry: dict[str, Any] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)


def cut(
    name: str,
    raw: Mapping[str, Any],
    *,
    answered: Collection[str] = (),
    own: bool = False,
    kept: Collection[str] = (),
    avoid: Collection[str] = (),
) -> Cut:
    """Replace every secret value of service *name* by a reference.

    A placeholder with a default stays as it is unless its name is *answered*. Answers are shared with other
    services under the placeholder's name; with *own* they belong to this service, except for references *kept*.
    No secret gets a name to *avoid*.
    """
    cutter = _Cutter(name, raw, answered, own, kept, avoid)
    for key, value in raw.items():
        cutter.made.entry[key] = cutter.field(key, value)
    return cutter.made


class _Cutter:
    def __init__(
        self,
        name: str,
        raw: Mapping[str, Any],
        answered: Collection[str],
        own: bool,
        kept: Collection[str],
        avoid: Collection[str],
    ) -> None:
        self.name, self.answered, self.own, self.kept, self.avoid = name, answered, own, kept, avoid
        self.made = Cut()
        self.taken = set(avoid) | {
            hole.name for text in strings(raw) for hole in holes(text) if hole.kind == "secret"
        }

    def field(self, key: str, value: Any) -> Any:
        if key in ENV_KEYS or key in HEADER_KEYS:
            return self._hidden_map(value, "env" if key in ENV_KEYS else "headers")
        if key == "args" and isinstance(value, list):
            return self._args(value)
        if key == "command":
            return self._command(value)
        if key in URL_KEYS and isinstance(value, str):
            return self._url(value, "url")
        if key == "auth" and isinstance(value, str):
            return value if value.strip().lower() == "oauth" else self._hidden(value, "auth")
        if key == "cwd" and isinstance(value, str):
            return self._open(value)
        return value if key in KEPT else self._unknown(value, (key,))

    def _command(self, value: Any) -> Any:
        if isinstance(value, str):
            return "".join(self._args(re.findall(r"\s+|\S+", value), line=True))
        if isinstance(value, list):
            return self._args(value)
        if isinstance(value, dict):
            inner = {
                "path": self._visible,
                "args": self._args_if_list,
                "env": lambda env: self._hidden_map(env, "env"),
            }
            return {key: inner.get(key, lambda kept: kept)(item) for key, item in value.items()}
        return value

    def _visible(self, value: Any) -> Any:
        return self._open(value) if isinstance(value, str) else value

    def _args_if_list(self, value: Any) -> Any:
        return self._args(value) if isinstance(value, list) else value

    def _hidden_map(self, value: Any, kind: str) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            key: self._hidden(item, kind, key) if isinstance(item, str) else item
            for key, item in value.items()
        }

    def _args(self, args: list[Any], line: bool = False) -> list[Any]:
        made, before = [], ""
        for index, arg in enumerate(args):
            made.append(self._arg(arg, before, str(index)) if isinstance(arg, str) else arg)
            if not (line and isinstance(arg, str) and arg.isspace()):
                before = arg if isinstance(arg, str) else ""
        return made

    def _arg(self, arg: str, before: str, index: str) -> str:
        flag, assigned = before if before.startswith("-") else "", _ASSIGNED.match(arg)
        if assigned and assigned[1] in ("--env", "--header", "-e", "-H"):
            return f"{assigned[1]}={self._arg(assigned[2], assigned[1], index)}"
        if assigned and (flag in ("-e", "--env") or tokens.names_one(assigned[1])):
            return f"{assigned[1]}={self._hidden(assigned[2], 'args', index)}"
        header = _HEADER.match(arg)
        if (
            header
            and (flag in ("-H", "--header", "--headers") or tokens.names_one(header[1]))
            and "://" not in header[0]
        ):
            return header[1] + self._hidden(header[2], "args", index)
        if flag and "=" not in flag and tokens.names_one(flag) and not arg.startswith("-"):
            return self._hidden(arg, "args", index)
        if "://" in arg:
            prefix, _, url = arg.partition("=") if re.match(r"-{1,2}[\w-]+=", arg) else ("", "", arg)
            return f"{prefix}={self._url(url, 'args', index)}" if prefix else self._url(url, "args", index)
        value = assigned[2] if assigned else arg
        if tokens.looks_like_one(value) and not holes(value):
            return arg[: len(arg) - len(value)] + self._hidden(value, "args", index)
        return self._open(arg)

    def _url(self, text: str, *slot: str) -> str:
        match = _URL.match(text)
        if match is None or any(hole.default and set("/?#") & set(hole.default) for hole in holes(text)):
            return self._open(text)
        scheme, authority, path, query, fragment = (part or "" for part in match.groups())
        userinfo, at, host = authority.rpartition("@")
        user, colon, password = userinfo.partition(":") if "${" not in userinfo else _split_userinfo(userinfo)
        userinfo = f"{self._hidden(user, *slot, 'user')}{colon}{self._hidden(password, *slot, 'password')}"
        segments = [self._likely(part, *slot, "path", str(n)) for n, part in enumerate(path.split("/"))]
        pairs = [self._pair(pair, *slot) for pair in re.split(r"([&;?])", query)]
        marks = [self._pair(part, *slot) for part in re.split(r"([&#])", fragment)]
        return "".join(
            [self._open(scheme), userinfo, at, self._open(host), "/".join(segments), *pairs, *marks]
        )

    def _pair(self, pair: str, *slot: str) -> str:
        name, equals, value = pair.partition("=")
        if equals and tokens.names_one(name):
            return f"{name}={self._hidden(value, *slot, 'query', name)}"
        return (
            f"{name}={self._likely(value, *slot, 'query', name)}"
            if equals
            else self._likely(pair, *slot, "part")
        )

    def _likely(self, text: str, *slot: str) -> str:
        return (
            self._hidden(text, *slot) if tokens.looks_like_one(text) and not holes(text) else self._open(text)
        )

    def _unknown(self, value: Any, path: tuple[str, ...]) -> Any:
        """Keys we do not use keep their placeholders; what looks like a credential is cut out all the same."""
        if isinstance(value, dict):
            return {key: self._unknown(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._unknown(item, (*path, str(index))) for index, item in enumerate(value)]
        named = next((part for part in reversed(path) if not part.isdigit()), "")
        if isinstance(value, str) and value and not holes(value):
            return self._hidden(value, *path) if tokens.names_one(named) else self._likely(value, *path)
        return value

    def _open(self, text: str) -> str:
        return replaced(text, lambda hole: self._hole(text, hole))

    def _hidden(self, text: str, *slot: str) -> str:
        """Every part of the text that is not a placeholder goes; `Bearer ` may stay."""
        found, pieces, at = holes(text), [], 0
        if not found:
            scheme = _SCHEME.match(text)
            start = scheme.end() if scheme else 0
            return text[:start] + self._put(text[start:], slot)
        for number, hole in enumerate(found, 1):
            pieces += [self._chunk(text[at : hole.start], slot, number), self._hole(text, hole)]
            at = hole.end
        return "".join([*pieces, self._chunk(text[at:], slot, len(found) + 1)])

    def _chunk(self, text: str, slot: tuple[str, ...], number: int) -> str:
        return text if _OPEN_CHUNK.match(text) else self._put(text, (*slot, str(number)))

    def _put(self, value: str, slot: tuple[str, ...]) -> str:
        if not value:
            return ""
        secret = self._free(".".join((self.name, *slot)))
        self.taken.add(secret)
        self.made.literals[secret] = value
        return reference(secret)

    def _free(self, wanted: str) -> str:
        base = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)
        if len(base) > LONGEST_NAME - 10:
            base = f"{base[: LONGEST_NAME - 30]}.{hashlib.sha256(wanted.encode('utf-8', 'replace')).hexdigest()[:16]}"
        names = (base if n == 0 else f"{base}.{n}" for n in range(len(self.taken) + 1))
        return next(name for name in names if name not in self.taken)

    def _hole(self, text: str, hole: Placeholder) -> str:
        if hole.kind != "secret" and hole.default is not None and hole.name not in self.answered:
            return text[hole.start : hole.end]
        self.made.asks[hole.name] = self._secret_for(hole.name)
        return reference(self.made.asks[hole.name])

    def _secret_for(self, asked: str) -> str:
        if (asked.startswith(f"{self.name}.") or asked in self.kept) and asked not in self.avoid:
            return asked
        if self.own or "." in asked:
            return f"{self.name}.ask.{asked}"[:LONGEST_NAME]
        return asked


def _split_userinfo(userinfo: str) -> tuple[str, str, str]:
    """user:password where the colon inside `${env:X}` does not count."""
    spans = [(hole.start, hole.end) for hole in holes(userinfo)]
    for at, char in enumerate(userinfo):
        if char == ":" and not any(start <= at < end for start, end in spans):
            return userinfo[:at], ":", userinfo[at + 1 :]
    return userinfo, "", ""


def strings(tree: Any) -> list[str]:
    """Every text among the values of a tree that was read, at whatever depth."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, Mapping):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def mapped(tree: Any, change: Callable[[str], str]) -> Any:
    """The tree with each text among its values changed; its depth is bounded by the reader."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {key: mapped(value, change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [mapped(value, change) for value in tree]
    return tree
