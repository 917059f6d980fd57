"""The manifest of an MCP bundle (.mcpb, .dxt): how its program is started, and what its user is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from registry.core.documents.found import Document, Found, Input
from registry.core.documents.places import show
from registry.core.documents.trees import mapped, strings
from registry.core.entries import fields
from registry.core.secrecy import credentials
from registry.errors import InvalidConfigError

PLATFORM = "linux"
_AT = ("server", "mcp_config")
_PREFIX = "user_config."
_VALUE = re.compile(r"\$\{user_config\.([\w-]{1,100})\}")
_ALONE = re.compile(r"\$\{user_config\.([\w-]{1,100})\}\Z")
DIRNAME = "bundle.__dirname"
"""With a dot in it a value is the service's own: another bundle stands in another folder."""
_FOLDERS = {
    DIRNAME: "The folder that the bundle is unpacked in, on the console's machine",
    "HOME": "The home folder that the bundle may use, on the console's machine",
    "DESKTOP": "The folder to use as desktop, on the console's machine",
    "DOCUMENTS": "The folder to use for documents, on the console's machine",
    "DOWNLOADS": "The folder to use for downloads, on the console's machine",
}
_UNSET = "${"
_DIR = "${__dirname}"
UNPACK = (
    "start it from a folder that the bundle was unpacked in; a .mcpb file is unpacked here when it is saved"
)
_SEPARATOR = re.compile(r"\$\{(?:/|pathSeparator)\}")


def is_manifest(tree: Mapping[str, Any]) -> bool:
    """Whether an object is one, of whatever version."""
    server = tree.get("server")
    if not isinstance(server, dict):
        return False
    return any(key in tree for key in ("manifest_version", "dxt_version")) or "mcp_config" in server


def read(tree: Mapping[str, Any]) -> Document:
    """Its one server. Each `user_config` that it uses is asked for."""
    given = config_of(tree["server"])
    if not given:
        what = "is a bundle manifest without server.mcp_config, which says how it is started"
        raise InvalidConfigError(show(("server",)), what, "Add it, or write the command yourself")
    config, notes = _for_platform(given)
    asked = tree.get("user_config")
    options = (
        {key: one for key, one in asked.items() if isinstance(one, dict)} if isinstance(asked, dict) else {}
    )
    raw = _filled(config, options)
    if isinstance(tree.get("description"), str):
        raw.setdefault("description", tree["description"])
    used = {name for name, one in options.items() if one.get("required") is not True and "default" not in one}
    found = Found(
        name=tree.get("name", ""),
        place=_AT,
        raw=raw,
        notes=(*notes, *([UNPACK] if any(_DIR in text for text in strings(config)) else [])),
        optional=frozenset(f"{_PREFIX}{name}" for name in used),
    )
    return Document(shape="bundle manifest", found=(found,), inputs=_inputs(options), client="mcpb")


def config_of(server: Mapping[str, Any]) -> dict[str, Any]:
    """How it is started; of the type uv that need not be said. Empty where it is not said and must be."""
    given, entry = server.get("mcp_config"), server.get("entry_point")
    if isinstance(given, dict):
        return dict(given)
    if server.get("type") == "uv" and isinstance(entry, str):
        return {"command": "uv", "args": ["run", "--directory", _DIR, entry]}
    return {}


def _for_platform(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """With what this platform overrides."""
    config = {key: value for key, value in given.items() if key != "platform_overrides"}
    overrides = given.get("platform_overrides")
    mine = overrides.get(PLATFORM) if isinstance(overrides, dict) else None
    if isinstance(mine, dict):
        return {**config, **{key: value for key, value in mine.items() if value}}, (
            f"platform_overrides.{PLATFORM} is taken",
        )
    return config, ()


def _filled(config: dict[str, Any], options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Defaults put where they are used; a list of them becomes as many arguments."""
    made = dict(config)
    if isinstance(config.get("args"), list):
        made["args"] = [arg for given in config["args"] for arg in _arguments(given, options)]

    def put(match: re.Match[str]) -> str:
        return _hole(match[1], options.get(match[1], {}))

    def plain(text: str) -> str:
        return _VALUE.sub(put, _SEPARATOR.sub("/", text.replace(_DIR, f"${{{DIRNAME}}}")))

    return {key: mapped(value, plain) for key, value in made.items()}


def _arguments(given: object, options: Mapping[str, Mapping[str, Any]]) -> list[object]:
    match = _ALONE.match(given) if isinstance(given, str) else None
    default = options.get(match[1], {}).get("default") if match else None
    return list(default) if isinstance(default, list) else [given]


def _hole(key: str, option: Mapping[str, Any]) -> str:
    """What stands for the value: asked for, unless there is a default, which may be answered anew."""
    default = option.get("default")
    text = None if default is None or isinstance(default, list) else fields.as_text(default)
    if text is None:
        return f"${{{_PREFIX}{key}}}"
    if _UNSET in text or "}" in text or len(text) > 500:
        return text
    return f"${{{_PREFIX}{key}:-{text}}}"


def _inputs(options: Mapping[str, Mapping[str, Any]]) -> dict[str, Input]:
    folders = {name: Input(description=said, password=False) for name, said in _FOLDERS.items()}
    return folders | {f"{_PREFIX}{key}": _input(key, option) for key, option in options.items()}


def _input(key: str, option: Mapping[str, Any]) -> Input:
    said = [str(option[part]) for part in ("title", "description") if option.get(part)]
    default = option.get("default")
    sensitive = option.get("sensitive")
    made = Input(
        description=": ".join(said)[:300],
        password=sensitive is True or (sensitive is None and credentials.names_one(key)),
        default="" if isinstance(default, list) else fields.as_text(default) or "",
        choices=("true", "false") if option.get("type") == "boolean" else (),
    )
    return replace(made, description=made.description + " (one value)") if option.get("multiple") else made
