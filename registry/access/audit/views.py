"""Pages of the audit log: search, one act with its difference, and the log as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from registry.access.audit import export, presenter, queries
from registry.access.roles import require
from registry.models import AuditEntry, Role

PAGE_SIZE = 50
MEMBERS_AT_ONCE = 50


@require(Role.ADMIN)
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """The newest first, narrowed by who, what, which service, when and any text."""
    wanted = queries.wanted(request.GET)
    found = queries.search(wanted)
    before = _number(request.GET.get("before", ""))
    entries = list((found.filter(pk__lt=before) if before else found)[: PAGE_SIZE + 1])
    given = wanted.given()
    more = len(entries) > PAGE_SIZE
    context: dict[str, Any] = {
        "rows": [presenter.row(entry) for entry in entries[:PAGE_SIZE]],
        "wanted": given,
        "query": urlencode(given),
        "older": urlencode({**given, "before": entries[PAGE_SIZE - 1].pk}) if more else "",
        "newest": before and urlencode(given),
        "is_first": not before,
        "doors": presenter.DOORS.items(),
        "actors": queries.actors(),
        "actions": [(name, presenter.action_word(name)) for name in queries.actions()],
        "in_a_file": export.IN_A_FILE,
    }
    return render(request, "registry/audit/audit_list.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require(Role.ADMIN)
@require_safe
def audit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One act: what was before, what is after, and all that it was done to."""
    entry = get_object_or_404(AuditEntry, pk=pk)
    page = Paginator(entry.named.all(), MEMBERS_AT_ONCE).get_page(request.GET.get("page"))
    css, word = presenter.seal_word(entry)
    context = {
        "entry": entry,
        "word": presenter.action_word(entry.action),
        "door": presenter.door(entry),
        "change": presenter.change(entry) if entry.before or entry.after else None,
        "seal_class": css,
        "seal_word": word,
        "page": page,
        "members": [presenter.change(one, one.name) for one in page],
    }
    return render(request, "registry/audit/audit_detail.html", context)


@require(Role.ADMIN)
@require_safe
def audit_file(request: HttpRequest, kind: str) -> HttpResponse:
    """What the search finds as a file, up to a limit; that it was taken is in the log, too."""
    if kind not in export.KINDS:
        raise Http404(kind)
    who, get = request.user.get_username(), request.method == "GET"
    text = export.take(kind, queries.wanted(request.GET), by=who, now=timezone.now(), note=get)
    headers = {"Content-Disposition": f'attachment; filename="audit.{kind}"'}
    return HttpResponse(text, content_type=export.KINDS[kind], headers=headers)
