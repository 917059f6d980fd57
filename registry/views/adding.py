"""Adding one service by hand, and removing one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from registry import registration
from registry.access.roles import require, role_of
from registry.dependencies import StillNeededError
from registry.errors import InvalidConfigError, ServiceNotFoundError
from registry.forms import ServiceForm
from registry.models import Role, Service

_TAKEN = lazy("There is a service of this name already. Choose another one.")
_ARCHIVED = lazy("An archived service has this name. An admin can restore it under Removed.")


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_add(request: HttpRequest) -> HttpResponse:
    """A form for one service. Errors go beside it and leave it as it was typed; 409 if the name is taken."""
    form = ServiceForm(request.POST or None)
    if request.method != "POST":
        return render(request, "registry/service_add.html", {"form": form})
    status = _save(request, form)
    if status == 200:
        return _saved(request, form.cleaned_data["name"])
    if getattr(request, "htmx", None):
        return render(request, "registry/_form_errors.html", {"form": form}, status=status)
    form.forget_secrets()
    return render(request, "registry/service_add.html", {"form": form}, status=status)


def _save(request: HttpRequest, form: ServiceForm) -> int:
    if not form.is_valid():
        return 422
    name = form.cleaned_data["name"]
    if there := Service.objects.filter(name=name, removed_at=None).first():
        form.add_error("name", _ARCHIVED if there.archived_at else _TAKEN)
        return 409
    error = _register(request, name, form)
    if error is not None:
        form.blame(error)
        return 422
    return 200


def _register(request: HttpRequest, name: str, form: ServiceForm) -> InvalidConfigError | None:
    try:
        results = registration.register(
            {"mcpServers": {name: form.entry()}},
            by=request.user.get_username(),
            role=role_of(request.user),
            now=timezone.now(),
        )
    except InvalidConfigError as exc:
        return exc
    return results[0].error


def _saved(request: HttpRequest, name: str) -> HttpResponse:
    messages.success(request, _("%(name)s is saved. The worker connects it now.") % {"name": name})
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": reverse("service_detail", args=[name])})
    return redirect("service_detail", name)


@require(Role.OPERATOR)
@require_POST
def service_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Take a service out of the configuration; the worker disconnects it."""
    try:
        force = request.POST.get("force") == "1"
        number = registration.remove(name, by=request.user.get_username(), now=timezone.now(), force=force)
    except ServiceNotFoundError:
        raise Http404(name) from None
    except StillNeededError as exc:
        messages.error(request, str(exc))
        return _to(request, reverse("service_detail", args=[name]))
    messages.success(
        request, render_to_string("registry/_removed_toast.html", {"name": name, "number": number})
    )
    return _to(request, reverse("service_list"))


def _to(request: HttpRequest, place: str) -> HttpResponse:
    """Send htmx or the browser on to another page."""
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": place})
    return redirect(place)
