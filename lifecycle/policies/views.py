"""Pages of policies: the three profiles, and the overrides of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.core.policy.policy import PROFILES
from lifecycle.monitoring.uptime.forms import in_words
from lifecycle.pages.answers import is_htmx
from lifecycle.pages.lookup import listed_service
from lifecycle.policies import operations
from lifecycle.policies.forms import PolicyForm
from lifecycle.policies.presenter import by_group, shown
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """The profiles side by side, setting by setting."""
    columns = {name: operations.profile_lines(name) for name in PROFILES}
    rows = by_group(
        (lines[0].setting, (lines[0].setting, _cells(columns, lines)))
        for lines in zip(*columns.values(), strict=True)
    )
    changed = {name: any(line.source == "profile" for line in lines) for name, lines in columns.items()}
    return render(request, "lifecycle/policies/policy_list.html", {"groups": rows, "profiles": changed})


def _cells(names: Iterable[str], lines: Sequence[operations.Line]) -> list[tuple[str, str, str]]:
    """The profile's name, its value, and its default where that was changed."""
    return [
        (
            name,
            shown(line.setting, line.value),
            shown(line.setting, line.inherited) if line.source == "profile" else "",
        )
        for name, line in zip(names, lines, strict=True)
    ]


@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: HttpRequest, profile: str) -> HttpResponse:
    """The settings of one profile; running workers apply them within a second."""
    if profile not in PROFILES:
        raise Http404(profile)
    form = PolicyForm(request.POST or None, lines=operations.profile_lines(profile), optional=False)

    def save(changes: dict[str, Any], **who: Any) -> None:
        operations.change_profile(profile, changes, **who)

    context = {"form": form, "profile": profile, "back": reverse("policy_list")}
    return _answer(request, form, save, context)


@require(Role.ADMIN)
@require_POST
def policy_reset(request: HttpRequest, profile: str) -> HttpResponse:
    """Back to the defaults."""
    if profile not in PROFILES:
        raise Http404(profile)
    operations.reset_profile(
        profile, by=request.user.get_username(), role=role_of(request.user), now=timezone.now()
    )
    messages.success(request, _("Profile %(name)s reset to its defaults.") % {"name": profile})
    return redirect("policy_list")


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_policy(request: HttpRequest, name: str) -> HttpResponse:
    """A service's own settings; an empty field inherits from its profile."""
    service = listed_service(name)
    form = PolicyForm(request.POST or None, lines=operations.service_lines(service), optional=True)

    def save(changes: dict[str, Any], **who: Any) -> None:
        operations.change_service(name, changes, **who)

    context = {"form": form, "service": service, "back": reverse("service_detail", args=[name])}
    context["hours"] = in_words(service)
    return _answer(request, form, save, context)


def _answer(
    request: HttpRequest, form: PolicyForm, save: Callable[..., None], context: dict[str, Any]
) -> HttpResponse:
    if request.method != "POST":
        return render(request, "lifecycle/policies/policy_form.html", context)
    if form.is_valid() and _saved(request, form, save):
        messages.success(request, _("Policy saved. The worker is applying it now."))
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": context["back"]})
        return redirect(context["back"])
    template = "registry/_form_errors.html" if is_htmx(request) else "lifecycle/policies/policy_form.html"
    return render(request, template, context, status=422)


def _saved(request: HttpRequest, form: PolicyForm, save: Callable[..., None]) -> bool:
    who = {"by": request.user.get_username(), "role": role_of(request.user), "now": timezone.now()}
    try:
        save(form.changes(), **who)
    except InvalidConfigError as exc:
        form.blame(exc)
        return False
    return True
