"""Buttons that try what stands in a form or a preview; the answer is asked for until it is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lifecycle.models import Trial
from lifecycle.operations.trials import operations, presenter
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require, role_of
from registry.core.documents import dialects
from registry.core.documents.dialects import Document
from registry.errors import InvalidConfigError, NotPossibleError
from registry.imports import drafts
from registry.imports.views import answers, choices_of
from registry.installation.sentences import mark
from registry.models import Role, Service
from registry.services import change
from registry.services.edit_form import EditForm
from registry.services.forms import ServiceForm

SLOT = re.compile(r"trial(-\d{1,6})?")
"""Where an answer stands: of the form, or of one line of a preview."""


@require(Role.OPERATOR)
@require_POST
def service_add_try(request: HttpRequest) -> HttpResponse:
    """Try what the form for a new service says; its name does not matter yet."""
    form = ServiceForm(request.POST)
    if set(form.errors) - {"name"}:
        return _refused(request, form)
    return _tried(request, dialects.own({f"try-{uuid4().hex[:12]}": form.entry()}))


@require(Role.OPERATOR)
@require_POST
def service_edit_try(request: HttpRequest, name: str) -> HttpResponse:
    """Try a service as its form would change it; values that were left are those that are stored."""
    service = get_object_or_404(Service.objects.listed(), name=name)
    form = EditForm(request.POST.copy(), service=service, mark=change.mark(service))
    if not form.is_valid():
        return _refused(request, form)
    try:
        document = change.edited(service, form.changes(), form.transport_change())
    except InvalidConfigError as exc:
        return _said(request, {"problem": exc}, 422)
    return _tried(request, document)


@require(Role.OPERATOR)
@require_POST
def service_import_try(request: HttpRequest) -> HttpResponse:
    """Try one line of an import's preview, with the values that are typed beside it."""
    number = request.POST.get("try", "")
    try:
        draft = drafts.opened(request.POST.get("sealed", ""), request.user.pk)
        draft = replace(draft, choices=choices_of(request, draft))
        values = {**draft.known, **answers(request)}
        return _tried(request, draft.document, values, int(number) if number.isdecimal() else -1)
    except InvalidConfigError as exc:
        return _said(request, {"problem": exc}, 422)


@require(Role.OPERATOR)
@require_safe
def trial_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How a trial stands, for whoever asked for it."""
    trial = get_object_or_404(Trial, pk=pk, requested_by=request.user.get_username())
    return _said(request, {"trial": presenter.shown(trial, timezone.now())})


def _tried(
    request: HttpRequest, document: Document, values: Mapping[str, str] | None = None, number: int = 0
) -> HttpResponse:
    by, now = request.user.get_username(), timezone.now()
    try:
        trial = operations.ask(
            document, by=by, role=role_of(request.user), now=now, values=values, number=number
        )
    except InvalidConfigError as exc:
        return _said(request, {"problem": exc}, 422)
    except NotPossibleError as exc:
        return _said(request, {"refused": str(exc)}, 409)
    if is_htmx(request):
        return _said(request, {"trial": presenter.shown(trial, now)})
    return redirect("trial_detail", trial.pk)


def _refused(request: HttpRequest, form: ServiceForm) -> HttpResponse:
    said = [
        f"{form[name].label}{mark(': ')}{error}"
        for name, errors in form.errors.items()
        if name != "name"
        for error in errors
    ]
    return _said(request, {"refused": " ".join(said)}, 422)


def _said(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    given = request.POST.get("slot") or request.GET.get("slot", "")
    slot = given if SLOT.fullmatch(given) else "trial"
    context |= {"slot": slot, "line": slot.partition("-")[2]}
    template = "_trial.html" if is_htmx(request) else "trial_detail.html"
    return render(request, f"lifecycle/trials/{template}", context, status=status)
