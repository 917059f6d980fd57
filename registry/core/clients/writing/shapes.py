"""The entry of one service, in the shape that a client's file has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry.core.clients.headers import is_name
from registry.core.clients.writing.notes import Code
from registry.core.clients.writing.telling import Telling
from registry.core.entries.placeholders import SECRET, reference
from registry.core.entries.transport import HTTP, SSE, STDIO, inferred

_BEARER = "Bearer "
_NOT_IN_GOOSE = frozenset(
    {
        "path",
        "pathext",
        "ld_library_path",
        "ld_preload",
        "pythonpath",
        "pythonhome",
        "node_options",
        "classpath",
    }
)


def plain(tell: Telling) -> dict[str, Any]:
    """Most clients: an object with command, args and env, or url and headers."""
    service, target = tell.service, tell.target
    made: dict[str, Any] = {}
    if service.transport in target.types:
        made["type"] = target.types[service.transport]
    if service.transport == STDIO:
        made |= _program(tell)
    else:
        made[target.url[service.transport]] = tell.text(service.url, "url")
        made |= _some(headers=tell.texts(service.headers, "headers"))
        _untold(tell)
    return made | tell.limits() | _switch(tell)


def _program(tell: Telling) -> dict[str, Any]:
    made: dict[str, Any] = {"command": tell.text(tell.service.command, "command"), "args": tell.args()}
    env = tell.texts(tell.service.env, "env")
    return made | _some(**{tell.target.env: env}) | _cwd(tell)


def _cwd(tell: Telling) -> dict[str, str]:
    """The folder to start in; most clients start where they please."""
    cwd = tell.service.cwd
    if cwd and not tell.target.cwd:
        tell.note(Code.NO_FOLDER, folder=cwd)
    return {"cwd": tell.text(cwd, "cwd")} if cwd and tell.target.cwd else {}


def _some(**given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value}


def _untold(tell: Telling) -> None:
    """The transport of an address whose client has no word for it, where one could be mistaken."""
    service, target = tell.service, tell.target
    told = service.transport in target.types or target.url[HTTP] != target.url[SSE]
    if not told and inferred(service.url) != service.transport:
        said = "SSE" if service.transport == SSE else "streamable HTTP"
        tell.note(Code.NO_TRANSPORT, transport=said)


def _switch(tell: Telling) -> dict[str, bool]:
    key, on = tell.target.switch, tell.service.on
    if key == "enabled":
        return {key: on}
    if not on and not key:
        tell.note(Code.NO_SWITCH)
    return {key: True} if key == "disabled" and not on else {}


def opencode(tell: Telling) -> dict[str, Any]:
    """A command is a list, and a type says local or remote."""
    made = plain(tell)
    if tell.service.transport == STDIO:
        made = {"type": "local", "command": [made.pop("command"), *made.pop("args")]} | made
        return made | {"type": "local"}
    return made | {"type": "remote"}


def opencode_2(tell: Telling) -> dict[str, Any]:
    """As opencode, with both limits under one key."""
    made = opencode(tell)
    given = {what: made.pop(what) for what in ("request", "startup") if what in made}
    return made | ({"timeout": given} if given else {})


def codex(tell: Telling) -> dict[str, Any]:
    """Nothing is filled in; secrets come from variables that are named."""
    service = tell.service
    made: dict[str, Any] = {}
    if service.transport == STDIO:
        made = {"command": tell.text(service.command, "command"), "args": tell.args()}
        env, names = _whole(tell)
        made |= _cwd(tell) | ({"env_vars": names} if names else {})
        tables = _some(env=env)
    else:
        made["url"] = tell.text(service.url, "url")
        bearer, headers, named = _codex_headers(tell)
        made |= {"bearer_token_env_var": bearer} if bearer else {}
        tables = _some(http_headers=headers, env_http_headers=named)
    return made | tell.limits() | ({} if service.on else {"enabled": False}) | tables


def _whole(tell: Telling) -> tuple[dict[str, str], list[str]]:
    """Variables with their texts, and the names of those that hold a secret."""
    open_ones: dict[str, str] = {}
    names: list[str] = []
    for name, value in tell.service.env.items():
        if SECRET.search(value) and is_name(name):
            tell.named(name, value, f"env {name}")
            names.append(name)
        else:
            open_ones[name] = tell.text(value, "env", name)
    return open_ones, names


def _codex_headers(tell: Telling) -> tuple[str, dict[str, str], dict[str, str]]:
    """The variable of a bearer token, headers with their texts, and headers by the names of variables."""
    bearer, open_ones, named = "", dict[str, str](), dict[str, str]()
    for name, value in tell.service.headers.items():
        secret = SECRET.search(value)
        if secret is None:
            open_ones[name] = value
        elif name.lower() == "authorization" and value == _BEARER + secret[0]:
            bearer = tell.variable(secret[1], secret[0], f"header {name}")
        elif value == secret[0]:
            named[name] = tell.variable(secret[1], value, f"header {name}")
        else:
            named[name] = tell.variable(f"{secret[1]}.header", value, f"header {name}")
    return bearer, open_ones, named


def goose(tell: Telling) -> dict[str, Any]:
    """Secrets are named by `env_keys`, and Goose asks for them; it fills in headers, and nothing else."""
    service = tell.service
    made: dict[str, Any] = {"enabled": service.on, "name": service.name, "description": service.description}
    if service.transport == STDIO:
        made |= {"type": "stdio", "cmd": tell.text(service.command, "command"), "args": tell.args()}
        envs, keys = _whole(tell)
        for name in (*envs, *keys):
            if name.lower() in _NOT_IN_GOOSE:
                tell.note(Code.REFUSED_VARIABLE, name=name)
        _cwd(tell)
    else:
        made |= {"type": "streamable_http", "uri": tell.text(service.url, "url")}
        made |= _some(headers=tell.texts(service.headers, "headers"))
        envs, keys = dict[str, str](), _keys_of_headers(tell)
    made |= {"envs": envs, "env_keys": keys}
    return made | tell.limits()


def _keys_of_headers(tell: Telling) -> list[str]:
    """The variables that the headers are filled in from."""
    pairs = [
        (name, secret) for name, value in tell.service.headers.items() for secret in SECRET.findall(value)
    ]
    return list(
        dict.fromkeys(tell.variable(secret, reference(secret), f"header {name}") for name, secret in pairs)
    )


def continue_dev(tell: Telling) -> dict[str, Any]:
    """An item of a list, with its name in it and its headers one level down."""
    made = plain(tell)
    headers = made.pop("headers", None)
    inside = {"requestOptions": {"headers": headers}} if headers else {}
    return {"name": tell.service.name} | made | inside


SHAPES: Mapping[str, Callable[[Telling], dict[str, Any]]] = {
    "plain": plain,
    "opencode": opencode,
    "opencode-2": opencode_2,
    "codex": codex,
    "goose": goose,
    "continue": continue_dev,
}
