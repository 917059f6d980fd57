"""The form of a status page: what is on it, who sees it, and what strangers call each service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.silences.forms import listed
from lifecycle.models import StatusPage, StatusPageService
from lifecycle.monitoring.uptime.statuspages import members, operations
from registry.models import Service
from registry.models.limits import current, within

SEEN_BY = [
    (StatusPage.Visibility.OFF, lazy("Off: not visible")),
    (
        StatusPage.Visibility.LINK,
        lazy("By secret link: anyone with the link; search engines are told not to index it"),
    ),
    (StatusPage.Visibility.PUBLIC, lazy("Public: everyone who can reach this console, without signing in")),
]
TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
NAME = "name-"


class StatusPageForm(forms.Form):
    """Reads one page; `page` is the one that is edited, None for a new one."""

    title = forms.CharField(label=lazy("Title"), max_length=100)
    slug = forms.CharField(
        label=lazy("Address"),
        required=False,
        max_length=64,
        help_text=lazy(
            "Last part of the public address: lowercase letters, digits and hyphens. Leave empty to "
            "derive it from the title."
        ),
        widget=forms.TextInput(attrs=TYPED),
    )
    intro = forms.CharField(
        label=lazy("Introduction"),
        required=False,
        max_length=500,
        help_text=lazy("Shown below the title as plain text."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    visibility = forms.ChoiceField(
        label=lazy("Who can see it"),
        choices=SEEN_BY,
        widget=forms.RadioSelect,
        initial=StatusPage.Visibility.OFF,
    )
    services = forms.CharField(
        label=lazy("Services"),
        required=False,
        max_length=20_000,
        help_text=lazy("Names, separated by commas or spaces."),
        widget=forms.TextInput(attrs=TYPED),
    )
    tags = forms.CharField(
        label=lazy("Tags"),
        required=False,
        max_length=5000,
        help_text=lazy("All services with one of these tags are included, also those added later."),
        widget=forms.TextInput(attrs=TYPED),
    )
    own_names = forms.BooleanField(
        label=lazy("Show services without a public name under their own names"), required=False
    )
    show_uptime = forms.BooleanField(
        label=lazy("Show uptime of the last 90 days"), required=False, initial=True
    )
    show_incidents = forms.BooleanField(
        label=lazy("Show incidents that you publish from an alert"), required=False, initial=True
    )
    show_maintenance = forms.BooleanField(
        label=lazy("Show current and planned maintenance"), required=False, initial=True
    )
    badges = forms.BooleanField(label=lazy("Offer a badge for each service"), required=False)

    def __init__(self, *args: Any, page: StatusPage | None = None, **kwargs: Any) -> None:
        self.page = page
        if page is not None:
            kwargs.setdefault("initial", initial_of(page))
        super().__init__(*args, **kwargs)

    def clean_slug(self) -> str:
        given = str(self.cleaned_data["slug"]).strip()
        if given and not re.fullmatch(operations.SLUG, given):
            raise forms.ValidationError(_("Use small letters, digits and hyphens, such as our-services."))
        return given

    def clean_services(self) -> list[str]:
        names = listed(self.cleaned_data["services"])
        with within(self.page.view if self.page else current()):
            known = set(Service.objects.listed().filter(name__in=names).values_list("name", flat=True))
        if unknown := [name for name in names if name not in known]:
            raise forms.ValidationError(_("Unknown: %(names)s.") % {"names": ", ".join(unknown)})
        return names

    def clean_tags(self) -> list[str]:
        return listed(self.cleaned_data["tags"])

    def values(self) -> dict[str, Any]:
        """What was typed, as operations take it; the public names of services that were shown there."""
        return dict(self.cleaned_data) | {"names": self._names()}

    def _names(self) -> dict[str, str]:
        given: Mapping[str, Any] = self.data
        still = {one.service.name for one in members.of(self.page)} if self.page else set()
        names = {key.removeprefix(NAME): str(given[key]) for key in given if key.startswith(NAME)}
        return {name: public for name, public in names.items() if name in still}


def initial_of(page: StatusPage) -> dict[str, Any]:
    """What the form shows first."""
    with within(page.view):
        chosen = StatusPageService.objects.filter(page=page, chosen=True, service__removed_at=None)
        names = list(chosen.order_by("service__name").values_list("service__name", flat=True))
    same = {name: getattr(page, name) for name in operations.FIELDS}
    return same | {"services": ", ".join(names), "tags": ", ".join(page.tags)}
