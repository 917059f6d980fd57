"""Pages about status pages: list, form, preview, secret link; and what is told on them about an alert."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.models import Episode, StatusPage, StatusPageNote
from lifecycle.monitoring.uptime.statuspages import members, operations
from lifecycle.monitoring.uptime.statuspages.forms import NAME, StatusPageForm
from lifecycle.monitoring.uptime.statuspages.public import badge, board
from lifecycle.monitoring.uptime.statuspages.public import views as public
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require
from registry.errors import InvalidConfigError
from registry.models import Role


@require(Role.OPERATOR)
@require_safe
def statuspage_list(request: HttpRequest) -> HttpResponse:
    """Those that were made within the same limits, by their titles."""
    pages = [_line(page) for page in StatusPage.objects.order_by("title", "pk")]
    return render(request, "lifecycle/statuspages/statuspage_list.html", {"pages": pages})


def _line(page: StatusPage) -> dict[str, Any]:
    found = members.of(page)
    return {
        "page": page,
        "shown": sum(bool(one.name) for one in found),
        "unnamed": sum(not one.name for one in found),
        "public": page.visibility == StatusPage.Visibility.PUBLIC,
        "link": page.visibility == StatusPage.Visibility.LINK,
    }


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def statuspage_add(request: HttpRequest) -> HttpResponse:
    """A new page; after it is saved its services can be named."""
    return _form(request, None)


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def statuspage_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one."""
    return _form(request, get_object_or_404(StatusPage, pk=pk))


def _form(request: HttpRequest, page: StatusPage | None) -> HttpResponse:
    form = StatusPageForm(request.POST if request.method == "POST" else None, page=page)
    if request.method != "POST":
        return _page(request, form)
    if form.is_valid() and (saved := _saved(request, form)):
        messages.success(request, _("Status page saved."))
        place = reverse("statuspage_edit", args=[saved.pk])
        return HttpResponse(headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place)
    if is_htmx(request):
        return render(request, "registry/_form_errors.html", {"form": form}, status=422)
    return _page(request, form, status=422)


def _saved(request: HttpRequest, form: StatusPageForm) -> StatusPage | None:
    try:
        return operations.save(form.page, form.values(), by=request.user.get_username(), now=timezone.now())
    except InvalidConfigError as exc:
        form.add_error(exc.where if exc.where in form.fields else None, f"{exc.what}. {exc.remedy}.")
        return None


def _page(request: HttpRequest, form: StatusPageForm, *, status: int = 200, link: str = "") -> HttpResponse:
    page = get_object_or_404(StatusPage, pk=form.page.pk) if form.page else None
    found = members.of(page) if page else []
    context = {
        "form": form,
        "page": page,
        "members": [{"one": one, "field": f"{NAME}{one.service.name}"} for one in found],
        "unnamed": sum(not one.name for one in found),
        "link": link,
        "address": operations.address(page.slug) if page else "",
        "badges": _badges(page, found) if page else [],
        "kinds": badge.KINDS,
    }
    return render(request, "lifecycle/statuspages/statuspage_form.html", context, status=status)


def _badges(page: StatusPage, found: list[members.Member]) -> list[dict[str, str]]:
    """Addresses of a public page's badges, to be copied; of a secret one nobody knows the key any more."""
    if not page.badges or page.visibility != StatusPage.Visibility.PUBLIC:
        return []
    shown = [one for one in found if one.name]
    slugs = members.addresses(shown)
    root = settings.PUBLIC_URL
    return [
        {"name": one.name, "url": root + reverse("badge", args=[page.slug, slugs[one.service.pk]])}
        for one in shown
    ]


@require(Role.OPERATOR)
@require_POST
def statuspage_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Its addresses answer no more."""
    page = get_object_or_404(StatusPage, pk=pk)
    operations.remove(page, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Status page “%(title)s” deleted.") % {"title": page.title})
    return redirect("statuspage_list")


@never_cache
@require(Role.OPERATOR)
@require_POST
def statuspage_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret link. It is in this answer and nowhere else, so no redirect follows."""
    page = get_object_or_404(StatusPage, pk=pk)
    link = operations.renew_link(page, by=request.user.get_username(), now=timezone.now())
    return _page(request, StatusPageForm(page=page), link=link)


@require(Role.OPERATOR)
@require_safe
def statuspage_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """As strangers would see it now, whoever may."""
    page = get_object_or_404(StatusPage, pk=pk)
    return HttpResponse(public.html(board.of(page, timezone.now()), ""))


@require(Role.OPERATOR)
@require_POST
def statuspage_tell(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something about an alert on one page."""
    episode = get_object_or_404(Episode, pk=pk)
    given = request.POST.get("page", "")
    page = get_object_or_404(StatusPage, pk=int(given) if given.isascii() and given.isdigit() else 0)
    try:
        operations.tell(
            page, episode, request.POST.get("text", ""), by=request.user.get_username(), now=timezone.now()
        )
    except InvalidConfigError as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, _("Published on the page “%(title)s”.") % {"title": page.title})
    return redirect("alert_detail", pk=pk)


@require(Role.OPERATOR)
@require_POST
def statuspage_untell(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the words away again."""
    note = get_object_or_404(StatusPageNote.objects.select_related("page"), pk=pk)
    get_object_or_404(StatusPage, pk=note.page_id)
    operations.untell(note, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Removed from the page “%(title)s”.") % {"title": note.page.title})
    return redirect("alert_detail", pk=note.episode_id)
