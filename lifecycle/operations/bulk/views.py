"""Pages of bulk actions: ask first, then follow the progress."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.models import Batch, Command
from lifecycle.operations import ordering
from lifecycle.operations.bulk import (
    again,
    edit_form,
    editing,
    edits,
    operations,
    presenter,
    preview,
    progress,
)
from lifecycle.operations.commands import NotPossibleError
from lifecycle.pages.answers import is_htmx, refused, toast
from lifecycle.pages.context import frame_of
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError, RegistryError
from registry.models import Role, Service

Kind = Command.Kind


@require(Role.VIEWER)
@require_safe
def batch_list(request: HttpRequest) -> HttpResponse:
    """The latest bulk actions."""
    rows = [presenter.line_of(batch, timezone.now()) for batch in Batch.objects.order_by("-id")[:50]]
    template = "lifecycle/bulk/_batch_list.html" if is_htmx(request) else "lifecycle/bulk/batch_list.html"
    return render(request, template, {"rows": rows})


@require(Role.OPERATOR)
@require_POST
def batch_ask(request: HttpRequest) -> HttpResponse:
    """What would be done to how many, to be confirmed."""
    choice = preview.choice(request.POST)
    return edit_form.ask(request, choice) if choice.word == Kind.EDIT else _ask(request, choice)


def _ask(request: HttpRequest, choice: preview.Choice, changed: bool = False) -> HttpResponse:
    try:
        question = preview.question(choice)
    except InvalidConfigError as exc:
        return _refused(request, exc)
    context = {"ask": question, "choice": choice, "changed": changed}
    if is_htmx(request):
        return render(request, "lifecycle/bulk/_batch_ask.html", context)
    return render(request, "lifecycle/bulk/batch_ask.html", context, status=409 if changed else 200)


@require(Role.OPERATOR)
@require_POST
def batch_begin(request: HttpRequest) -> HttpResponse:
    """Begin what was confirmed. If it would meet another number of services by now, it is asked again."""
    choice = preview.choice(request.POST)
    if choice.word == Kind.EDIT:
        return _begin_edit(request, choice)
    if request.POST.get("count") != str(preview.count(choice)):
        return _ask(request, choice, changed=True)
    try:
        batch = operations.begin(
            choice.action,
            names=preview.names(choice),
            filters=choice.filters,
            force=choice.force,
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
        )
    except InvalidConfigError as exc:
        return _refused(request, exc)
    return _go(request, batch)


def _begin_edit(request: HttpRequest, choice: preview.Choice) -> HttpResponse:
    if request.POST.get("count") != str(preview.count(choice)):
        return edit_form.ask(request, choice, changed=True)
    try:
        batch = editing.begin(
            edits.read(edit_form.typed(request.POST)),
            names=preview.names(choice),
            filters=choice.filters,
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
        )
    except RegistryError as exc:
        return edit_form.ask(request, choice, problem=str(exc))
    return _go(request, batch)


@require(Role.OPERATOR)
@require_POST
def batch_together(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Start a service with the stopped ones that it needs, or stop it with the running ones that need it.

    If these are not as many as the page said, it is asked again.
    """
    if kind not in (Kind.START, Kind.STOP):
        raise Http404(kind)
    names = [get_object_or_404(Service.objects.listed(), name=name).name, *ordering.along([name], kind)]
    if request.POST.get("count") != str(len(names)):
        ids = list(Service.objects.listed().filter(name__in=names).values_list("pk", flat=True))
        return _ask(request, preview.Choice(word=kind, ids=ids, filters=None), changed=True)
    who, role = request.user.get_username(), role_of(request.user)
    return _go(request, operations.begin(kind, names=names, by=who, role=role, now=timezone.now()))


def _refused(request: HttpRequest, exc: InvalidConfigError) -> HttpResponse:
    text = _("No services selected.") if exc.where in ("names", "filter") else str(exc)
    if is_htmx(request):
        return toast(request, text, status=422)
    messages.error(request, text)
    return redirect("service_list")


def _go(request: HttpRequest, batch: Batch) -> HttpResponse:
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": reverse("batch_detail", args=[batch.pk])})
    return redirect("batch_detail", batch.pk)


@require(Role.VIEWER)
@require_safe
def batch_detail(request: HttpRequest, batch_id: int) -> HttpResponse:
    """How far it has come, live; the members in pages, those that failed first where nothing is chosen."""
    frame_of(request)
    batch, now = _find(batch_id), timezone.now()
    who, role = request.user.get_username(), role_of(request.user)
    context = {
        "batch": presenter.detail(batch, request.GET, now),
        "can_undo": again.can_undo(batch, who, role, now),
    }
    template = "lifecycle/bulk/_batch.html" if is_htmx(request) else "lifecycle/bulk/batch_detail.html"
    return render(request, template, context)


def _find(batch_id: int) -> Batch:
    try:
        return progress.get(batch_id)
    except progress.BatchNotFoundError:
        raise Http404(batch_id) from None


@require(Role.OPERATOR)
@require_POST
def batch_cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Drop what has not begun."""
    back = redirect("batch_detail", batch_id)
    try:
        batch = operations.cancel(_find(batch_id).pk, by=request.user.get_username(), now=timezone.now())
    except NotPossibleError as exc:
        return refused(request, str(exc), back)
    if is_htmx(request):
        context: dict[str, Any] = {"batch": presenter.detail(batch, QueryDict(), timezone.now())}
        return render(request, "lifecycle/bulk/_batch.html", context)
    return back


@require(Role.OPERATOR)
@require_POST
def batch_retry(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The same again for those that failed."""
    who, role = request.user.get_username(), role_of(request.user)
    try:
        batch = again.retry(_find(batch_id).pk, by=who, role=role, now=timezone.now())
    except NotPossibleError as exc:
        return refused(request, str(exc), redirect("batch_detail", batch_id))
    return _go(request, batch)


@require(Role.OPERATOR)
@require_POST
def batch_undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Bring back what a bulk removal removed, as a bulk action."""
    who, role = request.user.get_username(), role_of(request.user)
    try:
        batch = again.undo(_find(batch_id).pk, by=who, role=role, now=timezone.now())
    except NotPossibleError as exc:
        return refused(request, str(exc), redirect("batch_detail", batch_id))
    return _go(request, batch)
