"""A call as text to copy, with no secret in it: neither the service's nor one that was typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from lifecycle.core.playground.snippets import Snippet, Target, curl, python, variable
from lifecycle.services import queries as service_queries
from lifecycle.tools.playground.session import Session, hidden, put
from registry.core.documents.trees import mapped
from registry.core.entries import entry as entries
from registry.core.entries.placeholders import Placeholder, replaced
from registry.errors import RegistryError
from registry.models import Service

WAYS: Final = {"curl": curl, "python": python}


def snippet(service: Service, tool: str, found: Session, way: str) -> Snippet:
    """The call as it stands in the form."""
    return WAYS[way](target_of(service), tool, without_secrets(found))


def without_secrets(found: Session) -> dict[str, Any]:
    """The arguments, with a variable in the place of each that is typed as a password."""
    arguments: dict[str, Any] = json.loads(json.dumps(found.value))
    for place, _field in hidden(found.form):
        put(arguments, place, f"${{secret:{variable('_'.join(map(str, place)))}}}")
    return arguments


def target_of(service: Service) -> Target:
    """How the service is reached; its secrets as they are stored, by their names."""
    row = service_queries.state_row(service)
    return Target(
        service=service.name,
        transport=service.transport,
        entry=_entry(service),
        protocol=row.protocol_version if row else "",
        console=settings.PUBLIC_URL,
    )


def _entry(service: Service) -> dict[str, Any]:
    named: dict[str, Any] = mapped(dict(service.entry), lambda text: replaced(text, _name))
    try:
        config = entries.parse(named, ("mcpServers", service.name)).config
    except RegistryError:
        return _plain(named)
    if config.transport == "stdio":
        found = {
            "command": config.command,
            "args": list(config.args),
            "env": dict(config.env),
            "cwd": config.cwd,
        }
        return {key: value for key, value in found.items() if value}
    headers = dict(config.headers)
    if config.auth:
        token = "${secret:ACCESS_TOKEN}" if config.auth == entries.OAUTH else config.auth
        headers.setdefault("Authorization", f"Bearer {token}")
    return {"url": config.url} | ({"headers": headers} if headers else {})


def _name(hole: Placeholder) -> str:
    return f"${{secret:{hole.name}}}"


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("url", "headers", "command", "args", "env", "cwd") if key in entry}
