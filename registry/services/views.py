"""Pages that add one service by hand, change it in its form, and remove it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry.access.roles import require, role_of
from registry.core.diff import documents
from registry.core.documents import dialects
from registry.core.entries import filling
from registry.core.secrecy import redact
from registry.dependencies.release import StillNeededError
from registry.errors import InvalidConfigError, ServiceNotFoundError
from registry.imports import preview as import_preview
from registry.mcpjson import image
from registry.models import Role, Service
from registry.models.limits import current
from registry.secrets import vault
from registry.services import change as service_change
from registry.services import register, within
from registry.services.change import ChangedMeanwhileError
from registry.services.edit_form import EditForm
from registry.services.forms import ServiceForm

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
    propose = request.GET.get("transport", "")
    form = EditForm(posted, service=service, mark=service_change.mark(service), propose=propose)
    within.advise(form.fields, current())
    context: dict[str, Any] = {"form": form, "service": service}
    if posted is None:
        return render(request, "registry/services/service_edit.html", context)
    status = _save_edit(request, form)
    if status == 200:
        return _edited(request, name)
    if status == 409:
        context["conflict"] = _conflict(form)
    if getattr(request, "htmx", None):
        return render(request, "registry/services/_edit_errors.html", context, status=status)
    form.forget_secrets()
    return render(request, "registry/services/service_edit.html", context, status=status)


def _save_edit(request: HttpRequest, form: EditForm) -> int:
    if not form.is_valid():
        return _blamed(request, form)
    try:
        outcome = service_change.edit(
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
        return _blamed(request, form)
    messages.success(request, _said(outcome) % {"name": form.service.name})
    return 200


def _blamed(request: HttpRequest, form: EditForm) -> int:
    """All that is wrong with what was typed, each at its field."""
    role, service = role_of(request.user), form.service

    def problem(entry: Mapping[str, Any]) -> InvalidConfigError | None:
        return import_preview.problem(service.name, filling.unmask(dict(entry), service.entry, ()), role=role)

    form.blame_all(problem)
    return 422


def _said(outcome: str) -> str:
    if outcome == "unchanged":
        return _("%(name)s was not changed.")
    return _("%(name)s saved. The worker is applying the changes.")


def _edited(request: HttpRequest, name: str) -> HttpResponse:
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": reverse("service_detail", args=[name])})
    return redirect("service_detail", name)


def _conflict(form: EditForm) -> dict[str, Any]:
    """Both sides by line, every value of theirs and ours hidden."""
    service = form.service
    mine = service_change.typed(service, form.changes(), form.transport_change())
    shown = filling.masked(redact.cut(service.name, mine).entry)
    now = image.text_of(vault.masked_entry(service))
    return {"mark": service_change.mark(service), "lines": documents.compared(now, image.text_of(shown))}


@require(Role.VIEWER)
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


STAND_IN = "new"
_TAKEN = lazy("A service with this name already exists. Choose another name.")
_ARCHIVED = lazy("An archived service has this name. An admin can restore it under Removed.")


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_add(request: HttpRequest) -> HttpResponse:
    """A form for one service. Errors go beside it and leave it as it was typed; 409 if the name is taken."""
    form = ServiceForm(request.POST or None)
    within.advise(form.fields, current())
    if request.method != "POST":
        return render(request, "registry/services/service_add.html", {"form": form})
    status = _save_new(request, form)
    if status == 200:
        return _added(request, form.cleaned_data["name"])
    if getattr(request, "htmx", None):
        return render(request, "registry/_form_errors.html", {"form": form}, status=status)
    form.forget_secrets()
    return render(request, "registry/services/service_add.html", {"form": form}, status=status)


def _save_new(request: HttpRequest, form: ServiceForm) -> int:
    valid, name = form.is_valid(), form.cleaned_data.get("name", "")
    if there := within.taken(name):
        form.add_error("name", _ARCHIVED if there.archived_at else _TAKEN)
    if valid and not there and _register(request, name, form) is None:
        return 200
    role = role_of(request.user)
    form.blame_all(lambda entry: import_preview.problem(name or STAND_IN, entry, role=role))
    return 409 if there and valid else 422


def _register(request: HttpRequest, name: str, form: ServiceForm) -> InvalidConfigError | None:
    try:
        results = register.register(
            dialects.own({name: form.entry()}),
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
        )
    except InvalidConfigError as exc:
        return exc
    return results[0].error


def _added(request: HttpRequest, name: str) -> HttpResponse:
    messages.success(request, _("%(name)s saved. The worker is connecting it.") % {"name": name})
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": reverse("service_detail", args=[name])})
    return redirect("service_detail", name)


@require(Role.OPERATOR)
@require_POST
def service_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Take a service out of the configuration; the worker disconnects it."""
    try:
        force = request.POST.get("force") == "1"
        number = register.remove(name, by=request.user.get_username(), now=timezone.now(), force=force)
    except ServiceNotFoundError:
        raise Http404(name) from None
    except StillNeededError as exc:
        messages.error(request, str(exc))
        return _to(request, reverse("service_detail", args=[name]))
    undo = {
        "text": _("%(name)s removed.") % {"name": name},
        "url": reverse("service_restore", args=[name, number]),
    }
    messages.success(request, render_to_string("_undo.html", undo, request))
    return _to(request, reverse("service_list"))


def _to(request: HttpRequest, place: str) -> HttpResponse:
    """Send htmx or the browser on to another page."""
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": place})
    return redirect(place)
