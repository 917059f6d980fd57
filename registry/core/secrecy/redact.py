"""Redact an entry: its values are cut out, and what is left may be stored, shown and exported."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from registry.core.clients import bridges
from registry.core.clients.headers import NAMES, is_name
from registry.core.clients.recognition import MARK
from registry.core.clients.table import CLIENTS
from registry.core.documents import upstream
from registry.core.documents.dialects import URL_KEYS
from registry.core.documents.trees import mapped
from registry.core.entries import needs
from registry.core.entries.fields import as_text
from registry.core.entries.functional_check import CHECK
from registry.core.entries.placeholders import holes
from registry.core.secrecy import credentials, free_text
from registry.core.secrecy.primitives import Cut, Hider

ENV_KEYS, HEADER_KEYS = ("env", "environment", "envs"), ("headers", "http_headers")
USED = frozenset({CHECK, "command", "args", "cwd", "auth", *URL_KEYS, *ENV_KEYS, *HEADER_KEYS})
KEPT = frozenset({"type", "transport", "timeout", "profile", "priority", "disabled", "enabled"})
WRITTEN = ("description", "tags")
_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.DOTALL)
_ASSIGNED = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*)=(.*)\Z", re.DOTALL)
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*|\$\{[^}]*\}|\{env:\w+\}|%\w+%)://\S*\Z")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+:\s*)(.*)\Z", re.DOTALL)


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

    A placeholder with a default stays unless its name is *answered*. Answers are shared with other services
    under the placeholder's name; with *own* they belong to this one, except for references *kept*. No secret
    gets a name to *avoid*.
    """
    cutter = _Cutter(name, raw, answered, own, kept, avoid)
    cutter.by_bridge = bridges.filled_by_bridge(raw)
    for key, value in raw.items():
        cutter.made.entry[key] = cutter.field(key, value)
    return cutter.made


class _Cutter(Hider):
    by_bridge: frozenset[str] = frozenset()

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
            return value if value.strip().lower() == "oauth" else self.hidden(value, "auth")
        if key == "cwd" and isinstance(value, str):
            return self.open(value)
        if key in (CHECK, "auth"):
            return self._asked(value, (key,))
        if key in WRITTEN:
            return self._quietly(value, (key,), self._written)
        if key in NAMES:
            return mapped(value, lambda text: text if is_name(text) else self.hidden(text, key))
        if key == MARK and isinstance(value, str) and value in CLIENTS:
            return value
        if key == upstream.KEY and upstream.is_mark(value):
            return value
        kept = key in KEPT or (needs.says(key, value) and isinstance(value, list))
        return value if kept else self._unknown(value, (key,))

    def _quietly(self, value: Any, path: tuple[str, ...], cut: Callable[..., Any]) -> Any:
        """Every text in it cut, and none of its placeholders asked for: nobody fills them in."""
        if isinstance(value, dict):
            return {key: self._quietly(item, (*path, key), cut) for key, item in value.items()}
        if isinstance(value, list):
            return [self._quietly(item, (*path, str(index)), cut) for index, item in enumerate(value)]
        self.quiet, before = True, self.quiet
        try:
            return cut(value, *path)
        finally:
            self.quiet = before

    def _command(self, value: Any) -> Any:
        if isinstance(value, str):
            return "".join(self._args(re.findall(r"\s+|\S+", value), line=True))
        if isinstance(value, list):
            return self._args(value)
        if isinstance(value, dict):
            return {key: self._of_object(key, item) for key, item in value.items()}
        return value

    def _of_object(self, key: str, value: Any) -> Any:
        """Zed's way to write a command."""
        if key == "path" and isinstance(value, str):
            return self.open(value)
        if key == "args" and isinstance(value, list):
            return self._args(value)
        return self._hidden_map(value, "env") if key == "env" else self._unknown(value, ("command", key))

    def _hidden_map(self, value: Any, kind: str) -> Any:
        if not isinstance(value, dict):
            return value
        texts = {key: as_text(item) for key, item in value.items()}
        return {
            key: item if (text := texts[key]) is None else self.hidden(text, kind, key)
            for key, item in value.items()
        }

    def _args(self, args: list[Any], line: bool = False) -> list[Any]:
        """Each argument, seen with the one before it; of a *line* the spaces between are items too."""
        made: list[Any] = []
        before = ""
        for index, arg in enumerate(args):
            if isinstance(arg, (int, float)):
                made.append(self._number(arg, before, str(index)))
                before = ""
                continue
            if not isinstance(arg, str) or (line and arg.isspace()):
                made.append(arg)
                continue
            self.left = self.by_bridge if before.startswith("--") or arg.startswith("--") else frozenset()
            made.append(self._arg(arg, before, str(index)))
            self.left, before = frozenset(), arg
        return made

    def _number(self, arg: float, before: str, index: str) -> float | str:
        """A number stays one, unless the flag before it says that it is a credential."""
        secret = (
            before.startswith("-") and "=" not in before and credentials.names_one(before, as_text(arg) or "")
        )
        return self.hidden(as_text(arg) or "", "args", index) if secret else arg

    def _arg(self, arg: str, before: str, index: str) -> str:
        flag, assigned = before if before.startswith("-") else "", _ASSIGNED.match(arg)
        if assigned and assigned[1] in ("--env", "--header", "-e", "-H"):
            return f"{assigned[1]}={self._arg(assigned[2], assigned[1], index)}"
        if assigned and (flag in ("-e", "--env") or credentials.names_one(assigned[1], assigned[2])):
            return f"{assigned[1]}={self.hidden(assigned[2], 'args', index)}"
        header = _HEADER.match(arg)
        if (
            header
            and (
                flag in ("-H", "--header", "--headers")
                or credentials.names_one(header[1].rstrip(": \t"), header[2])
            )
            and "://" not in header[0]
        ):
            return header[1] + self.hidden(header[2], "args", index)
        if flag and "=" not in flag and credentials.names_one(flag, arg) and not arg.startswith("-"):
            return self.hidden(arg, "args", index)
        if "://" in arg:
            prefix, equals, url = arg.partition("=") if re.match(r"-{1,2}[\w-]+=", arg) else ("", "", arg)
            return prefix + equals + self._text(url, "args", index)
        value = assigned[2] if assigned else arg
        if credentials.looks_like_one(value) and not holes(value):
            return arg[: len(arg) - len(value)] + self.hidden(value, "args", index)
        return self._text(arg, "args", index)

    def _url(self, text: str, *slot: str) -> str:
        match = _URL.match(text)
        if match is None or any(hole.default and set("/?#") & set(hole.default) for hole in holes(text)):
            return self.open(text)
        scheme, authority, path, query, fragment = (part or "" for part in match.groups())
        userinfo, at, host = authority.rpartition("@")
        user, colon, password = userinfo.partition(":") if "${" not in userinfo else _split_userinfo(userinfo)
        everybody = user == "git" and not colon
        shown = user if everybody else self.hidden(user, *slot, "user")
        userinfo = f"{shown}{colon}{self.hidden(password, *slot, 'password')}"
        parts = path.split("/")
        commits = {n for n in range(1, len(parts)) if free_text.is_commit(parts[n], parts[n - 1], host)}
        segments = [
            part if n in commits else self.likely(part, *slot, "path", str(n)) for n, part in enumerate(parts)
        ]
        pairs = [self._pair(pair, *slot) for pair in re.split(r"([&;?])", query)]
        marks = [self._pair(part, *slot) for part in re.split(r"([&#])", fragment)]
        return "".join([self.open(scheme), userinfo, at, self.open(host), "/".join(segments), *pairs, *marks])

    def _pair(self, pair: str, *slot: str) -> str:
        name, equals, value = pair.partition("=")
        if equals and credentials.names_one(name, value):
            return f"{name}={self.hidden(value, *slot, 'query', name)}"
        return (
            f"{name}={self.likely(value, *slot, 'query', name)}"
            if equals
            else self.likely(pair, *slot, "part")
        )

    def _asked(self, value: Any, path: tuple[str, ...]) -> Any:
        """As keys we do not use, but the placeholders are asked for: these values are filled in."""
        if isinstance(value, str) and holes(value):
            return self.open(value)
        if isinstance(value, dict):
            return {key: self._asked(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._asked(item, (*path, str(index))) for index, item in enumerate(value)]
        return self._unknown(value, path)

    def _unknown(self, value: Any, path: tuple[str, ...]) -> Any:
        """Keys we do not use keep their placeholders; what looks like a credential is cut out here too."""
        return self._quietly(value, path, self._leaf)

    def _leaf(self, value: Any, *path: str) -> Any:
        named = next((part for part in reversed(path) if not part.isdigit()), "")
        if isinstance(value, int) and not isinstance(value, bool) and credentials.names_password(named):
            return self.hidden(str(value), *path)
        if not isinstance(value, str) or not value:
            return value
        inside = path[-2] if len(path) > 1 else ""
        if credentials.names_one(named, value) or inside in (*ENV_KEYS, *HEADER_KEYS):
            return self.hidden(value, *path)
        alone = credentials.looks_like_one(value) and not holes(value)
        return self.hidden(value, *path) if alone else self._text(value, *path)

    def _written(self, value: Any, *slot: str) -> Any:
        return self._text(value, *slot) if isinstance(value, str) else value

    def _text(self, text: str, *slot: str) -> str:
        """A text with addresses and credentials somewhere in it; placeholders as elsewhere."""
        pieces, at = [], 0
        for match in self._addresses(text):
            before = self.scanned(self.open(text[at : match.start()]), *slot)
            pieces += [before, self.scanned(self._url(match[0], *slot), *slot, words=False)]
            at = match.end()
        return "".join([*pieces, self.scanned(self.open(text[at:]), *slot)])

    @staticmethod
    def _addresses(text: str) -> list[re.Match[str]]:
        """A text that is one address, with placeholders perhaps, is taken as it stands."""
        if whole := _ADDRESS.match(text):
            return [whole]
        kept = [(hole.start, hole.end) for hole in holes(text)]
        found = free_text.URLS.finditer(text)
        return [
            one for one in found if not any(start < one.end() and one.start() < end for start, end in kept)
        ]


def _split_userinfo(userinfo: str) -> tuple[str, str, str]:
    """user:password where the colon inside `${env:X}` does not count."""
    spans = [(hole.start, hole.end) for hole in holes(userinfo)]
    for at, char in enumerate(userinfo):
        if char == ":" and not any(start <= at < end for start, end in spans):
            return userinfo[:at], ":", userinfo[at + 1 :]
    return userinfo, "", ""
