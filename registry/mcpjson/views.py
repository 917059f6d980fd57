"""Pages of mcp.json: its versions, an edit by hand and the two ways to decide on it, export with secrets."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry.access.roles import require, role_of
from registry.agents.operations import GLOBAL_AGENT
from registry.core.diff import documents
from registry.errors import InvalidConfigError
from registry.imports.views import answers
from registry.mcpjson import drift, image, rollback, secret_bundle
from registry.mcpjson.forms import ExportForm
from registry.mcpjson.image import FileMovedError
from registry.mcpjson.rollback import VersionNotFoundError
from registry.models import ConfigVersion, Role
from registry.services.register import Result

PAGE_SIZE = 50
LINES_SHOWN = 2000


@require(Role.VIEWER, unscoped=True)
@require_safe
def version_list(request: HttpRequest) -> HttpResponse:
    """The newest first; two of them can be chosen to compare."""
    page = Paginator(rollback.newest_first(), PAGE_SIZE).get_page(request.GET.get("page"))
    chosen = [version.number for version in page][:2]
    context = {"page": page, "newer": chosen[:1], "older": chosen[1:] or chosen}
    return render(request, "registry/mcpjson/version_list.html", context)


@require(Role.VIEWER, unscoped=True)
@require_safe
def version_file(request: HttpRequest) -> HttpResponse:
    """The file as it is now: what it says, where it is, and whether somebody edited it."""
    newest = ConfigVersion.objects.order_by("-number").first()
    lines = newest.document.splitlines() if newest else []
    context = {
        "version": newest,
        "text": "\n".join(lines[:LINES_SHOWN]),
        "more_lines": max(len(lines) - LINES_SHOWN, 0),
        "file": settings.MCPJSON_FILE,
    }
    return render(request, "registry/mcpjson/version_file.html", context)


@require(Role.VIEWER, unscoped=True)
@require_safe
def version_compare(request: HttpRequest) -> HttpResponse:
    """Any two by line. Without numbers: the newest, and what it changed."""
    newest = ConfigVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    new = _number(request.GET.get("to", ""), newest)
    old = _number(request.GET.get("from", ""), max(new - 1, 1))
    context: dict[str, Any] = {"old_number": old, "new_number": new, "newest": newest}
    try:
        context |= {"old": rollback.get(old), "new": rollback.get(new)}
    except VersionNotFoundError as exc:
        return render(
            request, "registry/mcpjson/version_compare.html", context | {"problem": str(exc)}, status=404
        )
    context |= shown(documents.compared(context["old"].document, context["new"].document))
    return render(request, "registry/mcpjson/version_compare.html", context)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def shown(lines: list[documents.Line]) -> dict[str, Any]:
    """As many lines of a comparison as a page can hold, and how many more there are."""
    return {"lines": lines[:LINES_SHOWN], "more_lines": max(len(lines) - LINES_SHOWN, 0)}


def _get(number: int) -> ConfigVersion:
    try:
        return rollback.get(number)
    except (VersionNotFoundError, OverflowError):
        raise Http404(number) from None


@require(Role.VIEWER, unscoped=True)
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
    before = rollback.newest_first().values_list("number", flat=True)[:1].get()
    results = rollback.rollback(number, by=request.user.get_username(), now=timezone.now())
    text = _said(number, results)
    if before != number and _changed(results):
        undo = {"text": text, "url": reverse("version_rollback", args=[before])}
        text = render_to_string("_undo.html", undo, request)
    messages.success(request, text)
    for result in results:
        if result.error is not None:
            messages.error(request, str(result.error))
    if image.drift() is not None:
        messages.warning(request, _("mcp.json was edited by hand and is not updated until you decide."))
    if getattr(request, "htmx", None):  # from a message that offers to undo it
        return HttpResponse(headers={"HX-Redirect": reverse("version_list")})
    return redirect("version_list")


def _changed(results: list[Result]) -> int:
    return sum(result.outcome in ("created", "updated", "removed") for result in results)


def _said(number: int, results: list[Result]) -> str:
    changed = _changed(results)
    if not changed:
        return _("Nothing to do: the configuration already equals version %(number)d.") % {"number": number}
    text = ngettext(
        "Rolled back to version %(number)d: %(n)d service changed.",
        "Rolled back to version %(number)d: %(n)d services changed.",
        changed,
    )
    return text % {"number": number, "n": changed}


@require(Role.OPERATOR, unscoped=True)
@require_safe
def version_drift(request: HttpRequest) -> HttpResponse:
    """The difference, without a secret value of either side."""
    found = drift.current(role_of(request.user))
    context = {"look": found, "file": settings.MCPJSON_FILE}
    if found is not None:
        context |= shown(list(found.lines))
    return render(request, "registry/mcpjson/version_drift.html", context)


@sensitive_post_parameters()
@require(Role.OPERATOR, unscoped=True)
@require_POST
def version_take(request: HttpRequest) -> HttpResponse:
    """Save what the file says. What cannot be saved stays in the file, which is then not written over."""
    who, role, now = request.user.get_username(), role_of(request.user), timezone.now()
    try:
        seen, phrase = request.POST.get("seen", ""), request.POST.get("passphrase", "")
        results = drift.take(seen, by=who, role=role, now=now, values=answers(request), phrase=phrase)
    except (FileMovedError, InvalidConfigError) as exc:
        messages.error(request, str(exc))
        return redirect("version_drift")
    return _taken(request, results)


def _taken(request: HttpRequest, results: list[Result]) -> HttpResponse:
    bad = sum(result.error is not None for result in results)
    good = len(results) - bad
    text = ngettext("%(n)d service updated from the file.", "%(n)d services updated from the file.", good)
    messages.success(request, text % {"n": good} if good or bad else _("File imported."))
    if not bad:
        return redirect("service_list")
    text = ngettext(
        "%(n)d entry could not be imported. It is still in the file, which is not overwritten.",
        "%(n)d entries could not be imported. They are still in the file, which is not overwritten.",
        bad,
    )
    messages.warning(request, text % {"n": bad})
    return redirect("version_drift")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def version_write(request: HttpRequest) -> HttpResponse:
    """Throw the edit away, as long as it is still the one that was looked at."""
    who, now = request.user.get_username(), timezone.now()
    try:
        drift.write_ours(request.POST.get("seen", ""), by=who, now=now)
    except FileMovedError as exc:
        messages.error(request, str(exc))
        return redirect("version_drift")
    messages.success(request, _("mcp.json was overwritten with the console's configuration."))
    return redirect("version_list")


@never_cache
@sensitive_post_parameters()
@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def version_export(request: HttpRequest) -> HttpResponse:
    """A form; the answer to a POST is the file itself, and it is audited."""
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (file := _file(request, form)) is not None:
        return file
    return render(
        request, "registry/mcpjson/version_export.html", {"form": form}, status=422 if form.errors else 200
    )


def _file(request: HttpRequest, form: ExportForm) -> HttpResponse | None:
    agent, who = form.cleaned_data["agent"], request.user.get_username()
    try:
        content = secret_bundle.export(
            form.cleaned_data["passphrase"], agent=agent, by=who, now=timezone.now()
        )
    except InvalidConfigError as exc:
        form.blame(exc)
        return None
    name = "mcp-with-secrets.json" if agent == GLOBAL_AGENT else f"{agent}.mcp-with-secrets.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(image.portable(content), content_type="application/json", headers=headers)
