"""mcp.json edited by hand: what differs, and the two ways to decide."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from registry import drifting
from registry.access.roles import require, role_of
from registry.errors import InvalidConfigError
from registry.mcpjson import FileMovedError
from registry.models import Role
from registry.registration import Result
from registry.views.importing import answers
from registry.views.versions import shown


@require(Role.OPERATOR)
@require_safe
def version_drift(request: HttpRequest) -> HttpResponse:
    """The difference, without a secret value of either side."""
    found = drifting.current(role_of(request.user))
    context = {"look": found, "file": settings.MCPJSON_FILE}
    if found is not None:
        context |= shown(list(found.lines))
    return render(request, "registry/version_drift.html", context)


@sensitive_post_parameters()
@require(Role.OPERATOR)
@require_POST
def version_take(request: HttpRequest) -> HttpResponse:
    """Save what the file says. What cannot be saved stays in the file, which is then not written over."""
    who, role, now = request.user.get_username(), role_of(request.user), timezone.now()
    try:
        seen, phrase = request.POST.get("seen", ""), request.POST.get("passphrase", "")
        results = drifting.take(seen, by=who, role=role, now=now, values=answers(request), phrase=phrase)
    except (FileMovedError, InvalidConfigError) as exc:
        messages.error(request, str(exc))
        return redirect("version_drift")
    return _taken(request, results)


def _taken(request: HttpRequest, results: list[Result]) -> HttpResponse:
    bad = sum(result.error is not None for result in results)
    good = len(results) - bad
    text = ngettext("%(n)d service is as the file says.", "%(n)d services are as the file says.", good)
    messages.success(request, text % {"n": good} if good or bad else _("The file is taken."))
    if not bad:
        return redirect("service_list")
    text = ngettext(
        "%(n)d entry could not be taken. It is still in the file, which stays as it is.",
        "%(n)d entries could not be taken. They are still in the file, which stays as it is.",
        bad,
    )
    messages.warning(request, text % {"n": bad})
    return redirect("version_drift")


@require(Role.OPERATOR)
@require_POST
def version_write(request: HttpRequest) -> HttpResponse:
    """Throw the edit away, as long as it is still the one that was looked at."""
    who, now = request.user.get_username(), timezone.now()
    try:
        drifting.write_ours(request.POST.get("seen", ""), by=who, now=now)
    except FileMovedError as exc:
        messages.error(request, str(exc))
        return redirect("version_drift")
    messages.success(request, _("mcp.json is written again as the console has it."))
    return redirect("version_list")
