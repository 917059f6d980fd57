"""Packages and remotes of a server.json as entries: what starts them, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents.found import Input
from registry.core.documents.places import Place, shorten, show
from registry.core.entries import fields, transport
from registry.core.secrecy import credentials
from registry.errors import InvalidConfigError

_LAUNCHERS: Mapping[str, tuple[str, ...]] = {
    "npm": ("npx", "bunx", "pnpx"),
    "pypi": ("uvx", "pipx"),
    "oci": ("docker", "podman", "nerdctl"),
    "docker": ("docker", "podman", "nerdctl"),
    "nuget": ("dnx",),
}
"""The first is taken where `runtimeHint` names none of them: `python` or `node` start no package."""
_VARIABLE = re.compile(r"\{([A-Za-z_][\w.-]{0,100})\}")
_REMOTES = ("streamable-http", "http", "sse")


@dataclass(kw_only=True)
class Way:
    """One way to reach a server. `said` is it in few words; `prefix` makes what it asks for its own."""

    prefix: str
    place: Place
    kind: str
    said: str = ""
    entry: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    problem: InvalidConfigError | None = None

    def refuse(self, what: str, remedy: str) -> Way:
        """This way, as one that cannot be gone."""
        self.problem = InvalidConfigError(show(self.place), what, remedy)
        return self


def of_remote(remote: Any, prefix: str, place: Place) -> Way:
    """An address, its headers from a list."""
    given = remote if isinstance(remote, dict) else {}
    kind, url = str(given.get("type", "")), given.get("url")
    way = Way(
        prefix=prefix, place=place, kind=kind, said=f"{kind} {transport.origin(str(url or ''))}".strip()
    )
    if not isinstance(url, str) or kind not in _REMOTES:
        return way.refuse(f'is a remote of type "{shorten(kind, 30)}"', "Give its address as http or sse")
    way.entry = {"type": kind, "url": _template(way, url, given.get("variables"))}
    headers = {name: _value(way, spec, name) for name, spec in _named(given.get("headers"))}
    way.entry |= {"headers": headers} if headers else {}
    return way


def of_package(package: Any, prefix: str, place: Place) -> Way:
    """A command that fetches and starts the package."""
    given = package if isinstance(package, dict) else {}
    kind = str(given.get("registryType", "")).lower()
    identifier = str(given.get("identifier") or given.get("name") or "")
    way = Way(prefix=prefix, place=place, kind=kind, said=f"{kind} {shorten(identifier, 80)}".strip())
    if kind == "mcpb":
        what = "is an MCP bundle, which the console does not fetch or unpack"
        return way.refuse(what, "Unpack it on the console's machine, and import its manifest.json")
    if kind not in _LAUNCHERS or not identifier:
        what = f'is a package of type "{shorten(kind, 30)}", which nothing here starts'
        return way.refuse(what, "Write the command that starts it")
    spoken = given.get("transport")
    if isinstance(spoken, dict) and spoken.get("type") not in (None, "stdio"):
        what = f"is started as a program and then spoken to over {shorten(str(spoken['type']), 30)}"
        return way.refuse(what, "Start it yourself, and add the address that it listens on")
    way.entry = _command(way, given, kind, identifier)
    way.said = f"{kind}: {way.entry['command']} {shorten(identifier, 80)}"
    return way


def _command(way: Way, package: Mapping[str, Any], kind: str, identifier: str) -> dict[str, Any]:
    hint = str(package.get("runtimeHint") or "")
    command = hint if hint in _LAUNCHERS[kind] else _LAUNCHERS[kind][0]
    if hint and hint != command:
        way.notes.append(f"runtimeHint {shorten(hint, 20)} starts no package; {command} does")
    env = {name: _value(way, spec, name) for name, spec in _named(package.get("environmentVariables"))}
    runtime = _arguments(way, package.get("runtimeArguments"), flags=True)
    rest = _arguments(way, package.get("packageArguments"), flags=False)
    made = _started(command, kind, identifier, str(package.get("version") or ""), runtime, list(env))
    args = [*made, *(["--"] if kind == "nuget" and rest else []), *rest]
    return {"command": command, "args": args} | ({"env": env} if env else {})


def _started(
    command: str, kind: str, identifier: str, version: str, runtime: list[str], env: list[str]
) -> list[str]:
    """The launcher's own arguments, down to the package."""
    if kind == "npm":
        yes = [] if command == "bunx" or {"-y", "--yes"} & set(runtime) else ["-y"]
        return [*yes, *runtime, f"{identifier}@{version}" if version else identifier]
    if kind == "pypi":
        step = ["run"] if command == "pipx" and "run" not in runtime else []
        return [*step, *runtime, f"{identifier}=={version}" if version else identifier]
    if kind == "nuget":
        yes = [] if {"--yes", "-y"} & set(runtime) else ["--yes"]
        return [f"{identifier}@{version}" if version else identifier, *yes, *runtime]
    start = [] if "run" in runtime else ["run", "-i", "--rm"]
    image = identifier.rpartition("/")[2].partition(":")[0]
    if runtime and runtime[-1].rpartition("/")[2].partition(":")[0] == image:  # they name it themselves
        runtime = runtime[:-1]
    passed = [word for name in env for word in ("-e", name) if name not in runtime]
    tagged = ":" in identifier.rpartition("/")[2] or "@" in identifier or not version
    return [*start, *runtime, *passed, identifier if tagged else f"{identifier}:{version}"]


def _named(listed: object) -> list[tuple[str, Mapping[str, Any]]]:
    items = listed if isinstance(listed, list) else []
    return [
        (item["name"], item) for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)
    ]


def _arguments(way: Way, listed: object, *, flags: bool) -> list[str]:
    """As words. One without a value that need not be there is left out, and told of."""
    words: list[str] = []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            words += _argument(way, item, flags=flags)
    return words


def _argument(way: Way, item: Mapping[str, Any], *, flags: bool) -> list[str]:
    name = item.get("name") if item.get("type") != "positional" else None
    option = name if isinstance(name, str) else ""
    given = item.get("value") is not None or item.get("default") is not None
    asks = item.get("isRequired") is True and (not option or _wants_value(item))
    label = (option or str(item.get("valueHint") or item.get("name") or "argument")).lstrip("-").rstrip("=")
    if not given and not asks:
        if option and (flags or item.get("isRequired") is True):
            return [option]
        way.notes.append(f"the argument {shorten(option or label, 40)} may be given, and is left out")
        return []
    value = _value(way, item, re.sub(r"[^\w.-]+", "_", label) or "argument")
    if option and item.get("format") == "boolean" and value.lower() in ("true", "false"):
        return [option] if value.lower() == "true" else []
    if not option:
        return [value]
    return [option + value] if option.endswith("=") else [option, value]


def _wants_value(item: Mapping[str, Any]) -> bool:
    """A flag has nothing that describes a value."""
    return any(
        item.get(key) for key in ("isSecret", "format", "valueHint", "choices", "placeholder", "description")
    )


def _value(way: Way, spec: Mapping[str, Any], name: str) -> str:
    """Its fixed text with variables in it, or a placeholder: with a default, asked for, or optional."""
    if spec.get("value") is not None:
        return _template(way, fields.as_text(spec["value"]) or "", spec.get("variables"), spec)
    return _hole(way, spec, name)


def _template(way: Way, text: str, variables: object, spec: Mapping[str, Any] | None = None) -> str:
    """With its variables put in; one that nothing describes is asked for where the text needs it."""
    needed = spec is None or spec.get("isSecret") is True or spec.get("isRequired") is True
    known = variables if isinstance(variables, dict) else {}

    def put(match: re.Match[str]) -> str:
        described = known.get(match[1])
        if not isinstance(described, dict):
            if not needed or text.startswith("$", match.start() - 1):
                return match[0]
            described = {"description": spec.get("description")} if spec else {}
        if described.get("value") is not None:
            return fields.as_text(described["value"]) or ""
        secret = {"isSecret": True} if spec and spec.get("isSecret") and "isSecret" not in described else {}
        return _hole(way, {"isRequired": True, **described, **secret}, match[1])

    return _VARIABLE.sub(put, text)


def _hole(way: Way, spec: Mapping[str, Any], name: str) -> str:
    default = fields.as_text(spec.get("default"))
    choices = spec.get("choices")
    secret = spec.get("isSecret")
    asked = f"{way.prefix}.{name}"
    way.inputs[asked] = Input(
        description=str(spec.get("description") or "")[:300],
        password=secret is True or (secret is None and credentials.names_one(name)),
        default=(default or "")[:300],
        choices=tuple(str(one)[:100] for one in choices[:50]) if isinstance(choices, list) else (),
    )
    if default is not None and not set("${}") & set(default) and len(default) <= 500:
        return f"${{{asked}:-{default}}}"
    if spec.get("isRequired") is not True:
        way.optional.add(asked)
    return f"${{{asked}}}"
