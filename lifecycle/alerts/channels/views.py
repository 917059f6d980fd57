"""Pages of channels: list, form, test message, new signing secret."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.alerts.channels import operations
from lifecycle.alerts.channels.forms import ChannelForm
from lifecycle.alerts.channels.kind import GROUPS
from lifecycle.alerts.presenter import ChannelRow, channel_row, outcome_of
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.models import Channel, Delivery
from lifecycle.pages.answers import is_htmx
from registry.access.roles import require
from registry.models import Role
from registry.secrets import vault

SHOWN_ONCE = "channel-secret"
WEBHOOK = "webhook"


@require(Role.VIEWER, unscoped=True)
@require_safe
def channel_list(request: HttpRequest) -> HttpResponse:
    """All channels, each with its last message and a button to try it."""
    now = timezone.now()
    rows = [_row(channel, now) for channel in Channel.objects.order_by("name")]
    return render(request, "lifecycle/alerts/channel_list.html", {"channels": rows})


def _row(channel: Channel, now: datetime) -> ChannelRow:
    last = channel.deliveries.exclude(state=Delivery.State.QUEUED).order_by("-pk").first()
    return channel_row(channel, last, now)


@require(Role.ADMIN)
@require_safe
def channel_kinds(request: HttpRequest) -> HttpResponse:
    """What a channel can be, to choose from."""
    groups = [
        (word, [kind for kind in KINDS.values() if kind.group is group]) for group, word in GROUPS.items()
    ]
    return render(request, "lifecycle/alerts/channel_kinds.html", {"groups": groups})


@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_add(request: HttpRequest, kind: str) -> HttpResponse:
    """A form for a new channel of one kind."""
    if kind not in KINDS:
        raise Http404(kind)
    return _form(request, ChannelForm(KINDS[kind], request.POST if request.method == "POST" else None))


@never_cache
@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one channel; right after saving it shows a new signing secret, once."""
    channel = get_object_or_404(Channel, pk=pk)
    given = request.POST if request.method == "POST" else None
    return _form(request, ChannelForm(KINDS[channel.kind], given, about=channel))


def _form(request: HttpRequest, form: ChannelForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        return _go(request, _save(request, form))
    context = {
        "form": form,
        "channel": form.about,
        "kind": form.kind,
        "lacks": form.kind.lacks(),
        "rotates": form.about is not None and form.kind.key == WEBHOOK,
    }
    if request.method != "POST":
        return render(
            request,
            "lifecycle/alerts/channel_form.html",
            {**context, "secret": _shown_once(request, form.about)},
        )
    form.forget_secrets()
    template = "registry/_form_errors.html" if is_htmx(request) else "lifecycle/alerts/channel_form.html"
    return render(request, template, context, status=422)


def _save(request: HttpRequest, form: ChannelForm) -> str:
    """Save, and return where to go: to the secret if there is a new one to show."""
    channel = operations.save(form, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Channel “%(name)s” saved.") % {"name": channel.name})
    if form.made_secret:
        return _show_once(request, channel, form.made_secret)
    return reverse("channel_list")


def _go(request: HttpRequest, to: str) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": to}) if is_htmx(request) else redirect(to)


def _show_once(request: HttpRequest, channel: Channel, secret: str) -> str:
    """Sessions lie in the database, where a secret is never kept in clear."""
    request.session[SHOWN_ONCE] = {"channel": channel.pk, "sealed": vault.seal(secret)}
    return reverse("channel_edit", args=[channel.pk])


def _shown_once(request: HttpRequest, channel: Channel | None) -> str:
    kept = request.session.get(SHOWN_ONCE)
    if kept is None or channel is None or kept["channel"] != channel.pk or request.method == "HEAD":
        return ""
    del request.session[SHOWN_ONCE]
    return vault.unseal(kept["sealed"])


@require(Role.ADMIN)
@require_POST
def channel_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new signing secret; the old one signs along for a day."""
    channel = get_object_or_404(Channel, pk=pk, kind=WEBHOOK)
    secret = operations.rotate(channel, by=request.user.get_username(), now=timezone.now())
    return redirect(_show_once(request, channel, secret))


@require(Role.ADMIN)
@require_POST
def channel_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Its messages go with it, those that wait too."""
    channel = get_object_or_404(Channel, pk=pk)
    operations.delete(channel, by=request.user.get_username(), now=timezone.now())
    messages.success(request, _("Channel “%(name)s” deleted.") % {"name": channel.name})
    return redirect("channel_list")


@require(Role.OPERATOR, unscoped=True)
@require_POST
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test message; the answer asks for its outcome until it is there."""
    channel = get_object_or_404(Channel, pk=pk)
    if not channel.enabled:
        messages.error(request, _("The channel is disabled."))
        return _go(request, reverse("channel_list"))
    delivery = operations.test(channel, by=request.user.get_username(), now=timezone.now())
    if is_htmx(request):
        return _outcome(request, delivery)
    return redirect("delivery_list")


@require(Role.VIEWER, unscoped=True)
@require_safe
def channel_test_state(request: HttpRequest, pk: int, delivery: int) -> HttpResponse:
    """How far the test message has come."""
    return _outcome(request, get_object_or_404(Delivery, pk=delivery, channel=pk, kind=Delivery.Kind.TEST))


def _outcome(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    context = {"outcome": outcome_of(delivery, timezone.now())}
    return render(request, "lifecycle/alerts/_channel_test.html", context)
