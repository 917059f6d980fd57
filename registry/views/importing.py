"""Importing a document: paste it, look at what would change, save what is good."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import previewing, registration, secrets
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError, SecretsError
from registry.models import Role
from registry.previewing import Preview, Row

LIMIT = 1024 * 1024
ANSWER = "value:"
Outcome = tuple[dict[str, Any], int]


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    """The page; a POST previews what was pasted or chosen, and with `step=save` saves what was previewed."""
    if request.method != "POST":
        return render(request, "registry/service_import.html", {"limit": LIMIT})
    context, status = _answer(request)
    whole = not getattr(request, "htmx", None)
    template = "registry/service_import.html" if whole else "registry/_import_preview.html"
    return render(request, template, {"limit": LIMIT, **context}, status=status)


def _answer(request: HttpRequest) -> Outcome:
    try:
        if request.POST.get("step") != "save":
            return _preview(request, _given(request))
        if "use" in request.POST:
            return _preview(request, _unseal(request))
        return _save(request, _unseal(request))
    except InvalidConfigError as exc:
        return {"problem": exc}, 422


def _given(request: HttpRequest) -> bytes:
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "").encode("utf-8", "surrogatepass")
    if (upload.size or 0) > LIMIT:
        raise InvalidConfigError(_("The file"), _("is larger than 1 MiB"), _("Take a smaller one"))
    content: bytes = upload.read()
    return content


def _preview(request: HttpRequest, text: bytes) -> Outcome:
    """Writes nothing. The text goes out sealed and comes back: what is saved is what was looked at."""
    if not text.strip():
        return {"nothing": True}, 200
    uses = request.POST.getlist("used") + request.POST.getlist("use")
    found = previewing.preview(text, role=role_of(request.user), renames=_renames(uses))
    return {"rows": _rows(found), **_beside(found), "uses": uses, "sealed": _seal(request, text)}, 200


def _beside(found: Preview) -> dict[str, Any]:
    return {"asks": found.asks, "missing": len(found.missing)}


def _rows(found: Preview) -> list[dict[str, Any]]:
    return [{**vars(row), "use": _use(row)} for row in found.rows]


def _use(row: Row) -> str:
    """What the button beside a corrected name sends back."""
    return json.dumps([row.name, row.suggestion]) if row.suggestion else ""


def _renames(uses: Iterable[str]) -> dict[str, str]:
    """The names that were corrected by their buttons; anything else in the field is nothing."""
    renames: dict[str, str] = {}
    for use in uses:
        try:
            before, after = json.loads(use)
        except (ValueError, TypeError, RecursionError):
            continue
        if isinstance(before, str) and isinstance(after, str):
            renames[before] = after
    return renames


def _seal(request: HttpRequest, text: bytes) -> str:
    packed = base64.b64encode(zlib.compress(text)).decode()
    return secrets.seal(f"import:{request.user.pk}:{packed}")


def _unseal(request: HttpRequest) -> bytes:
    """The previewed text; InvalidConfigError if it was not this person who previewed it."""
    mine = f"import:{request.user.pk}:"
    try:
        text = secrets.unseal(request.POST.get("sealed", ""))
        if text.startswith(mine):
            return zlib.decompress(base64.b64decode(text.removeprefix(mine)))
    except (SecretsError, binascii.Error, zlib.error):
        pass
    raise InvalidConfigError(_("The preview"), _("is out of date"), _("Preview the document again"))


def _save(request: HttpRequest, text: bytes) -> Outcome:
    results = registration.register(
        text,
        by=request.user.get_username(),
        role=role_of(request.user),
        now=timezone.now(),
        values=answers(request),
        renames=_renames(request.POST.getlist("used")),
        only=set(request.POST.getlist("only")),
    )
    bad = any(result.outcome == "invalid" for result in results)
    only_bad = bad and all(result.outcome == "invalid" for result in results)
    return {"saved": True, "results": results, "bad": bad}, 422 if only_bad else 200


def answers(request: HttpRequest) -> dict[str, str]:
    """The values that a page asked for and got."""
    given = {key.removeprefix(ANSWER): value for key, value in request.POST.items() if key.startswith(ANSWER)}
    return {key: str(value) for key, value in given.items() if value}
