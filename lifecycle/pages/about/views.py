"""Settings pages that show what the environment set: sign-in, mail, about."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lifecycle.alerts.senders.email import lacks
from lifecycle.pages.about import facts, mail, signin
from registry.access import audit
from registry.access.roles import require
from registry.models import Role
from registry.models.limits import current


@require(Role.ADMIN)
@require_safe
def signin_settings(request: HttpRequest) -> HttpResponse:
    """How people get in."""
    return render(request, "lifecycle/about/signin_settings.html", {"ways": signin.ways(request)})


@require(Role.ADMIN)
@require_POST
def signin_test(request: HttpRequest) -> HttpResponse:
    """Whether the provider answers, and as it should."""
    if settings.OIDC is None:
        raise Http404("no provider")
    audit.note(request.user.get_username(), "signin.test", settings.OIDC.host, now=timezone.now())
    if problem := signin.try_openid(request):
        messages.error(request, _("The provider cannot be used: %(problem)s") % {"problem": problem})
    else:
        messages.success(request, _("The provider responds correctly. Nobody was signed in for this test."))
    return redirect("signin_settings")


@require(Role.ADMIN)
@require_safe
def mail_settings(request: HttpRequest) -> HttpResponse:
    """How mail leaves."""
    me = cast(User, request.user).email
    context = {"facts": mail.in_force(), "problem": lacks(), "me": me}
    return render(request, "lifecycle/about/mail_settings.html", context)


@require(Role.ADMIN)
@require_POST
def mail_test(request: HttpRequest) -> HttpResponse:
    """One mail to see that it arrives."""
    to = request.POST.get("to", "").strip()
    try:
        mail.send_test(to, by=request.user.get_username(), now=timezone.now())
    except mail.NotSentError as exc:
        messages.error(request, str(exc))
    else:
        said = _(
            "The mail server accepted the test for %(to)s. Check that it arrives; look in the spam folder "
            "too."
        )
        messages.success(request, said % {"to": to})
    return redirect("mail_settings")


@require(Role.VIEWER)
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What runs here, to read and to copy into a report."""
    installed, running = facts.installed(), facts.running(timezone.now())
    context = {
        "installed": installed,
        "running": running,
        "text": facts.as_text([*installed, *running]),
        "version": facts.console_version(),
        "linked": not current(),
    }
    return render(request, "lifecycle/about/about.html", context)
