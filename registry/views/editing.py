"""Changing one service in its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registry import changing, mcpjson, secrets
from registry.access.roles import require, role_of
from registry.changing import ChangedMeanwhileError
from registry.core import comparing, filling, secrecy
from registry.edit_form import EditForm
from registry.errors import InvalidConfigError
from registry.models import Role, Service

LONGEST_TYPED = 2000
COMPLETIONS = 20


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request: HttpRequest, name: str) -> HttpResponse:
    """The service's form. 409, with both sides, when someone else changed it since it was shown."""
    service = get_object_or_404(Service.objects.listed(), name=name)
    posted = request.POST.copy() if request.method == "POST" else None
    if posted and posted.get("over"):
        posted.setlist("seen", posted.getlist("over"))
    form = EditForm(posted, service=service, mark=changing.mark(service))
    context: dict[str, Any] = {"form": form, "service": service}
    if posted is None:
        return render(request, "registry/service_edit.html", context)
    status = _save(request, form)
    if status == 200:
        return _saved(request, name)
    if status == 409:
        context["conflict"] = _conflict(form)
    if getattr(request, "htmx", None):
        return render(request, "registry/_edit_errors.html", context, status=status)
    form.forget_secrets()
    return render(request, "registry/service_edit.html", context, status=status)


def _save(request: HttpRequest, form: EditForm) -> int:
    if not form.is_valid():
        return 422
    try:
        outcome = changing.edit(
            form.service.name,
            form.changes(),
            transport=form.transport_change(),
            seen=form.cleaned_data["seen"],
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
        )
    except ChangedMeanwhileError:
        return 409
    except InvalidConfigError as exc:
        form.blame(exc)
        return 422
    messages.success(request, _said(outcome) % {"name": form.service.name})
    return 200


def _said(outcome: str) -> str:
    if outcome == "unchanged":
        return _("%(name)s stays as it was.")
    return _("%(name)s is saved. The worker takes it up now.")


def _saved(request: HttpRequest, name: str) -> HttpResponse:
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": reverse("service_detail", args=[name])})
    return redirect("service_detail", name)


def _conflict(form: EditForm) -> dict[str, Any]:
    """Both sides by line, every value of theirs and ours hidden."""
    service = form.service
    mine = changing.typed(service, form.changes(), form.transport_change())
    shown = filling.masked(secrecy.cut(service.name, mine).entry)
    now = mcpjson.text_of(secrets.masked_entry(service))
    return {"mark": changing.mark(service), "lines": comparing.compared(now, mcpjson.text_of(shown))}


@login_required
@require_safe
def service_names(request: HttpRequest) -> HttpResponse:
    """What the last name of a comma-separated field may go on to be, as options for a data list."""
    typed = request.GET.get("depends_on", "").replace("\0", "")[:LONGEST_TYPED]
    before, comma, last = typed.rpartition(",")
    taken = {name.strip() for name in before.split(",")}
    found = Service.objects.listed().filter(name__icontains=last.strip()).order_by(Lower("name"))
    names = [name for name in found.values_list("name", flat=True)[:COMPLETIONS] if name not in taken]
    start = f"{before}{comma} " if comma else ""
    return render(request, "registry/_names.html", {"options": [f"{start}{name}" for name in names]})
