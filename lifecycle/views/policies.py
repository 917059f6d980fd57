"""Policies: the three profiles, and what a service has of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle import policies
from lifecycle.core.policy import PROFILES
from lifecycle.policy_forms import PolicyForm, shown
from lifecycle.views.answers import is_htmx
from lifecycle.views.service import find
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError
from registry.models import Role


@login_required
@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """The profiles beside each other, number by number."""
    columns = {name: policies.profile_lines(name) for name in PROFILES}
    rows = [
        (
            lines[0].knob,
            [(name, shown(line.knob, line.value), line) for name, line in zip(columns, lines, strict=True)],
        )
        for lines in zip(*columns.values(), strict=True)
    ]
    changed = {name: any(line.source == "profile" for line in lines) for name, lines in columns.items()}
    return render(request, "lifecycle/policy_list.html", {"rows": rows, "profiles": changed})


@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: HttpRequest, profile: str) -> HttpResponse:
    """The numbers of one profile; running workers take them up within a second."""
    if profile not in PROFILES:
        raise Http404(profile)
    form = PolicyForm(request.POST or None, lines=policies.profile_lines(profile), optional=False)

    def save(changes: dict[str, Any], **who: Any) -> None:
        policies.change_profile(profile, changes, **who)

    context = {"form": form, "profile": profile, "back": reverse("policy_list")}
    return _answer(request, form, save, context)


@require(Role.ADMIN)
@require_POST
def policy_reset(request: HttpRequest, profile: str) -> HttpResponse:
    """Back to what is shipped."""
    if profile not in PROFILES:
        raise Http404(profile)
    policies.reset_profile(
        profile, by=request.user.get_username(), role=role_of(request.user), now=timezone.now()
    )
    messages.success(request, _("The profile %(name)s is as shipped again.") % {"name": profile})
    return redirect("policy_list")


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_policy(request: HttpRequest, name: str) -> HttpResponse:
    """A service's own numbers; an empty field is left to its profile."""
    service = find(name)
    form = PolicyForm(request.POST or None, lines=policies.service_lines(service), optional=True)

    def save(changes: dict[str, Any], **who: Any) -> None:
        policies.change_service(name, changes, **who)

    context = {"form": form, "service": service, "back": reverse("service_detail", args=[name])}
    return _answer(request, form, save, context)


def _answer(
    request: HttpRequest, form: PolicyForm, save: Callable[..., None], context: dict[str, Any]
) -> HttpResponse:
    if request.method != "POST":
        return render(request, "lifecycle/policy_form.html", context)
    if form.is_valid() and _saved(request, form, save):
        messages.success(request, _("The policy is saved. The worker takes it up now."))
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": context["back"]})
        return redirect(context["back"])
    template = "registry/_form_errors.html" if is_htmx(request) else "lifecycle/policy_form.html"
    return render(request, template, context, status=422)


def _saved(request: HttpRequest, form: PolicyForm, save: Callable[..., None]) -> bool:
    who = {"by": request.user.get_username(), "role": role_of(request.user), "now": timezone.now()}
    try:
        save(form.changes(), **who)
    except InvalidConfigError as exc:
        form.blame(exc)
        return False
    return True
