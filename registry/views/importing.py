"""Importing a document: paste it, look at what would change, save what is good."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import registration, secrets
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError, RegistryError
from registry.models import Role

LIMIT = 1024 * 1024
ANSWER = "value:"


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    """The page; a POST previews what was pasted or chosen, and with `step=save` saves what was previewed."""
    if request.method != "POST":
        return render(request, "registry/service_import.html", {"limit": LIMIT})
    context, status = _save(request) if request.POST.get("step") == "save" else _preview(request)
    whole = not getattr(request, "htmx", None)
    template = "registry/service_import.html" if whole else "registry/_import_preview.html"
    return render(request, template, {"limit": LIMIT, **context}, status=status)


def _preview(request: HttpRequest) -> tuple[dict[str, Any], int]:
    """Writes nothing. The text comes back sealed, so that what is saved is what was looked at."""
    upload = request.FILES.get("file")
    if upload is not None and (upload.size or 0) > LIMIT:
        return _problem(
            InvalidConfigError(upload.name or "file", _("is larger than 1 MiB"), _("Take a smaller one"))
        ), 422
    text = upload.read() if upload is not None else request.POST.get("text", "").encode()
    if not text.strip():
        return {"nothing": True}, 200
    try:
        preview = registration.preview(text)
    except InvalidConfigError as exc:
        return _problem(exc), 422
    return {"rows": preview.rows, "asks": _asks(preview.rows), "sealed": _seal(request, text)}, 200


def _problem(error: RegistryError) -> dict[str, Any]:
    return {"problem": error}


def _asks(rows: Any) -> list[str]:
    """Every value that is asked for, once."""
    return list(dict.fromkeys(ask for row in rows for ask in row.asks))


def _seal(request: HttpRequest, text: bytes) -> str:
    return secrets.seal(json.dumps([request.user.pk, text.decode("utf-8", "surrogateescape")]))


def _unseal(request: HttpRequest) -> bytes:
    """The previewed text; InvalidConfigError if this person did not preview one."""
    stale = InvalidConfigError(_("import"), _("the preview is out of date"), _("Preview the document again"))
    try:
        owner, text = json.loads(secrets.unseal(request.POST.get("sealed", "")))
    except (RegistryError, ValueError, TypeError):
        raise stale from None
    if owner != request.user.pk:
        raise stale
    return str(text).encode("utf-8", "surrogateescape")


def _save(request: HttpRequest) -> tuple[dict[str, Any], int]:
    try:
        results = registration.register(
            _unseal(request),
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
            values=_answers(request),
            only=set(request.POST.getlist("only")),
        )
    except InvalidConfigError as exc:
        return _problem(exc), 422
    bad = any(result.outcome == "invalid" for result in results)
    return {"results": results, "bad": bad}, 422 if bad and len(results) == 1 else 200


def _answers(request: HttpRequest) -> dict[str, str]:
    given = {key.removeprefix(ANSWER): value for key, value in request.POST.items() if key.startswith(ANSWER)}
    return {key: str(value) for key, value in given.items() if value}
