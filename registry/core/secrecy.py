"""Cuts the values out of an entry: what is left may be stored, shown and exported."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from registry.core import needs, tokens
from registry.core.checking import CHECK
from registry.core.dialects import URL_KEYS
from registry.core.fields import as_text
from registry.core.hiding import Cut, Hider
from registry.core.placeholders import holes

ENV_KEYS, HEADER_KEYS = ("env", "environment"), ("headers", "http_headers")
USED = frozenset({CHECK, "command", "args", "cwd", "auth", *URL_KEYS, *ENV_KEYS, *HEADER_KEYS})
KEPT = frozenset(
    {"type", "transport", "timeout", "tags", "description", "profile", "priority", "disabled", "enabled"}
)
_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.DOTALL)
_ASSIGNED = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*)=(.*)\Z", re.DOTALL)
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
    for key, value in raw.items():
        cutter.made.entry[key] = cutter.field(key, value)
    return cutter.made


class _Cutter(Hider):
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
        kept = key in KEPT or (needs.says(key, value) and isinstance(value, list))
        return value if kept else self._unknown(value, (key,))

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
            made.append(self._arg(arg, before, str(index)))
            before = arg
        return made

    def _number(self, arg: float, before: str, index: str) -> float | str:
        """A number stays one, unless the flag before it says that it is a credential."""
        secret = before.startswith("-") and "=" not in before and tokens.names_one(before)
        return self.hidden(as_text(arg) or "", "args", index) if secret else arg

    def _arg(self, arg: str, before: str, index: str) -> str:
        flag, assigned = before if before.startswith("-") else "", _ASSIGNED.match(arg)
        if assigned and assigned[1] in ("--env", "--header", "-e", "-H"):
            return f"{assigned[1]}={self._arg(assigned[2], assigned[1], index)}"
        if assigned and (flag in ("-e", "--env") or tokens.names_one(assigned[1])):
            return f"{assigned[1]}={self.hidden(assigned[2], 'args', index)}"
        header = _HEADER.match(arg)
        if (
            header
            and (flag in ("-H", "--header", "--headers") or tokens.names_one(header[1]))
            and "://" not in header[0]
        ):
            return header[1] + self.hidden(header[2], "args", index)
        if flag and "=" not in flag and tokens.names_one(flag) and not arg.startswith("-"):
            return self.hidden(arg, "args", index)
        if "://" in arg:
            prefix, _, url = arg.partition("=") if re.match(r"-{1,2}[\w-]+=", arg) else ("", "", arg)
            return f"{prefix}={self._url(url, 'args', index)}" if prefix else self._url(url, "args", index)
        value = assigned[2] if assigned else arg
        if tokens.looks_like_one(value) and not holes(value):
            return arg[: len(arg) - len(value)] + self.hidden(value, "args", index)
        return self.open(arg)

    def _url(self, text: str, *slot: str) -> str:
        match = _URL.match(text)
        if match is None or any(hole.default and set("/?#") & set(hole.default) for hole in holes(text)):
            return self.open(text)
        scheme, authority, path, query, fragment = (part or "" for part in match.groups())
        userinfo, at, host = authority.rpartition("@")
        user, colon, password = userinfo.partition(":") if "${" not in userinfo else _split_userinfo(userinfo)
        userinfo = f"{self.hidden(user, *slot, 'user')}{colon}{self.hidden(password, *slot, 'password')}"
        segments = [self.likely(part, *slot, "path", str(n)) for n, part in enumerate(path.split("/"))]
        pairs = [self._pair(pair, *slot) for pair in re.split(r"([&;?])", query)]
        marks = [self._pair(part, *slot) for part in re.split(r"([&#])", fragment)]
        return "".join([self.open(scheme), userinfo, at, self.open(host), "/".join(segments), *pairs, *marks])

    def _pair(self, pair: str, *slot: str) -> str:
        name, equals, value = pair.partition("=")
        if equals and tokens.names_one(name):
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
        if isinstance(value, dict):
            return {key: self._unknown(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._unknown(item, (*path, str(index))) for index, item in enumerate(value)]
        named = next((part for part in reversed(path) if not part.isdigit()), "")
        if isinstance(value, str) and value and not holes(value):
            return self.hidden(value, *path) if tokens.names_one(named) else self.likely(value, *path)
        return value


def _split_userinfo(userinfo: str) -> tuple[str, str, str]:
    """user:password where the colon inside `${env:X}` does not count."""
    spans = [(hole.start, hole.end) for hole in holes(userinfo)]
    for at, char in enumerate(userinfo):
        if char == ":" and not any(start <= at < end for start, end in spans):
            return userinfo[:at], ":", userinfo[at + 1 :]
    return userinfo, "", ""
