"""The parts of a server.json, and of the entry that it becomes, in few words."""

from __future__ import annotations

from typing import Any


def npm(identifier: str, version: str, *variables: dict[str, Any], **more: Any) -> dict[str, Any]:
    return package("npm", identifier, version, *variables, **more)


def pypi(identifier: str, version: str, *variables: dict[str, Any], **more: Any) -> dict[str, Any]:
    return package("pypi", identifier, version, *variables, **more)


def package(
    kind: str, identifier: str, version: str, *variables: dict[str, Any], **more: Any
) -> dict[str, Any]:
    made = {
        "registryType": kind,
        "identifier": identifier,
        "version": version,
        "transport": {"type": "stdio"},
    }
    return made | ({"environmentVariables": list(variables)} if variables else {}) | more


def remote(url: str, *headers: dict[str, Any], kind: str = "streamable-http") -> dict[str, Any]:
    return {"type": kind, "url": url} | ({"headers": list(headers)} if headers else {})


def variable(name: str, required: bool = False, secret: bool | None = None, **more: Any) -> dict[str, Any]:
    made = {"name": name, "isRequired": required}
    return made | ({} if secret is None else {"isSecret": secret}) | more


def server(short: str, *, packages: Any = None, remotes: Any = None, **more: Any) -> dict[str, Any]:
    lists = {"packages": packages, "remotes": remotes}
    schema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    known = {"$schema": schema, "name": f"io.github.example/{short}", "description": "…", "version": "1.0.0"}
    return known | more | {key: one for key, one in lists.items() if one}


def program(command: str, *args: str, **env: str) -> dict[str, Any]:
    return {"command": command, "args": list(args)} | ({"env": env} if env else {})


def at(url: str, kind: str = "streamable-http", **headers: str) -> dict[str, Any]:
    return {"type": kind, "url": url} | ({"headers": headers} if headers else {})
