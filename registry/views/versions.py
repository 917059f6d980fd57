"""The versions of the exported mcp.json: listed, compared, downloaded, brought back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from registry import mcpjson, versions
from registry.access.roles import require
from registry.core import comparing
from registry.models import ConfigVersion, Role
from registry.registration import Result
from registry.versions import VersionNotFoundError

PAGE_SIZE = 50
LINES_SHOWN = 2000


@login_required
@require_safe
def version_list(request: HttpRequest) -> HttpResponse:
    """The newest first; two of them can be chosen to compare."""
    page = Paginator(versions.newest_first(), PAGE_SIZE).get_page(request.GET.get("page"))
    chosen = [version.number for version in page][:2]
    context = {"page": page, "newer": chosen[:1], "older": chosen[1:] or chosen}
    return render(request, "registry/version_list.html", context)


@login_required
@require_safe
def version_compare(request: HttpRequest) -> HttpResponse:
    """Any two by line. Without numbers: the newest, and what it changed."""
    newest = ConfigVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    new = _number(request.GET.get("to", ""), newest)
    old = _number(request.GET.get("from", ""), max(new - 1, 1))
    context: dict[str, Any] = {"old_number": old, "new_number": new, "newest": newest}
    try:
        context |= {"old": versions.get(old), "new": versions.get(new)}
    except VersionNotFoundError as exc:
        return render(request, "registry/version_compare.html", context | {"problem": str(exc)}, status=404)
    context |= shown(comparing.compared(context["old"].document, context["new"].document))
    return render(request, "registry/version_compare.html", context)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def shown(lines: list[comparing.Line]) -> dict[str, Any]:
    """As many lines of a comparison as a page can hold, and how many more there are."""
    return {"lines": lines[:LINES_SHOWN], "more_lines": max(len(lines) - LINES_SHOWN, 0)}


def _get(number: int) -> ConfigVersion:
    try:
        return versions.get(number)
    except (VersionNotFoundError, OverflowError):
        raise Http404(number) from None


@login_required
@require_safe
def version_download(request: HttpRequest, number: int) -> HttpResponse:
    """The document as it was exported: it refers to secrets and holds none."""
    headers = {"Content-Disposition": f'attachment; filename="mcp-version-{number}.json"'}
    return HttpResponse(_get(number).document, content_type="application/json", headers=headers)


@require(Role.ADMIN)
@require_POST
def version_rollback(request: HttpRequest, number: int) -> HttpResponse:
    """Make the configuration what it was. For admins: it may bring back commands."""
    _get(number)
    results = versions.rollback(number, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _said(number, results))
    for result in results:
        if result.error is not None:
            messages.error(request, str(result.error))
    if mcpjson.drift() is not None:
        messages.warning(request, _("mcp.json was edited by hand, so it is not written until you decide."))
    return redirect("version_list")


def _said(number: int, results: list[Result]) -> str:
    changed = sum(result.outcome in ("created", "updated", "removed") for result in results)
    if not changed:
        return _("The configuration was as in version %(number)d already.") % {"number": number}
    text = ngettext(
        "The configuration is as in version %(number)d again: %(n)d service changed.",
        "The configuration is as in version %(number)d again: %(n)d services changed.",
        changed,
    )
    return text % {"number": number, "n": changed}
