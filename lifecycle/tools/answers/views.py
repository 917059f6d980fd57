"""Parts of an answer as files: to play, to look at and to keep."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.pages.lookup import listed_service
from lifecycle.tools.answers import queries
from lifecycle.tools.answers.presenter import PICTURES, SOUNDS
from registry.access.roles import require
from registry.models import Role

SHOWN: Final = PICTURES | SOUNDS


def _outcome(name: str, command_id: int) -> dict[str, Any]:
    """For people of the same rights as the caller."""
    service = listed_service(name)
    command = get_object_or_404(service.commands.filter(kind=Command.Kind.CALL_TOOL), pk=command_id)
    if command.state not in operation_commands.FINISHED or not command.outcome:
        raise Http404(command_id)
    return queries.outcome_of(service, command)


@require(Role.OPERATOR)
@require_safe
def call_answer(request: HttpRequest, name: str, command_id: int) -> HttpResponse:
    """The whole answer as a file."""
    text = json.dumps(_outcome(name, command_id), indent=2, ensure_ascii=False)
    return _file(text.encode("utf-8", "replace"), "application/json", f"{name}-{command_id}.json")


@require(Role.OPERATOR)
@require_safe
def call_part(request: HttpRequest, name: str, command_id: int, part: int) -> HttpResponse:
    """One part: a picture or sound as such, everything else only to be kept, whatever it says it is."""
    content = _outcome(name, command_id).get("content")
    block = content[part] if isinstance(content, list) and part < len(content) else None
    data, kind = _bytes(block if isinstance(block, dict) else {})
    if kind in SHOWN:
        return HttpResponse(data, content_type=kind)
    return _file(data, "application/octet-stream", f"{name}-{command_id}-{part}")


def _bytes(block: dict[str, Any]) -> tuple[bytes, str]:
    inner = block.get("resource")
    held = inner if isinstance(inner, dict) else block
    if isinstance(held.get("text"), str):
        return str(held["text"]).encode("utf-8", "replace"), "text/plain"
    try:
        data = base64.b64decode(str(held.get("data") or held.get("blob") or ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise Http404
    return data, str(held.get("mimeType"))


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
