"""Request bodies, read strictly, and how the OpenAPI document describes them."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest

from registry.rest.problems import ProblemError

ANY_JSON: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "description": "Any of the configuration formats; as text also YAML, TOML, a command."
                }
            }
        },
    }
}


def described(**properties: Any) -> dict[str, Any]:
    """The OpenAPI description of an object with these *properties*."""
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object; no body is an empty one. ProblemError says what is wrong with any other."""
    if not request.body.strip():
        return {}
    try:
        found = json.loads(request.body, parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        said = "nested too deeply" if isinstance(exc, RecursionError) else str(exc)
        raise ProblemError(400, f"The body is not JSON: {said}", code="not_json", where="body") from None
    if not isinstance(found, dict):
        raise ProblemError(422, "The body must be a JSON object.", where="body")
    return found
