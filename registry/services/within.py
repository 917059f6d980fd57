"""What somebody who sees some services only may register: new ones that they will see.

A document is planned with a view of all services, since a name or a value may be taken by a hidden one. Here
is what keeps that view from showing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from django import forms
from django.utils.translation import gettext as _

from registry.core.documents.places import show
from registry.core.entries import filling
from registry.core.entries import names as entry_names
from registry.core.scope import Limits, Scope
from registry.errors import InvalidConfigError
from registry.models import AgentService, Service
from registry.models.limits import unlimited, within
from registry.services.plan import Plan

CHUNK = 500


class Bounds:
    """The limits of whoever registers; without any, nothing is refused here."""

    def __init__(self, limits: Limits, services: Collection[Service] = ()) -> None:
        self._limits, self._services = limits, services

    def refuse_hidden(self, plan: Plan) -> None:
        """A name that a service has which they do not see: nothing of that service may be told."""
        if plan.service is None or not self._limits or plan.service.pk in self._seen:
            return
        plan.service = None
        better = entry_names.beside(plan.name, (), {plan.name})
        what = f'has the name "{plan.name}", which is taken'
        remedy = f'Choose another, for instance "{better}"'
        raise InvalidConfigError(show(plan.place), what, remedy, suggestion=better)

    def refuse_outside(self, plan: Plan) -> None:
        """A change of what is there already, and a new service that they would not see."""
        if not self._limits:
            return
        if plan.service is not None and plan.changed:
            what = "would change a service that exists, which needs a role without a scope"
            raise InvalidConfigError(show(plan.place), what, "Leave it out, or ask who sees all services")
        if plan.service is None and (missed := [one for one in self._limits if not _has(one, plan)]):
            what = f"would be outside of your scope ({' and '.join(map(_said, missed))})"
            raise InvalidConfigError(show((*plan.place, "tags")), what, _remedy(missed[0], plan.name))

    @cached_property
    def _seen(self) -> set[int]:
        ids = [service.pk for service in self._services]
        parts = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
        with within(self._limits):
            found = [Service.objects.filter(pk__in=part).values_list("pk", flat=True) for part in parts]
            return {pk for part in found for pk in part}


def _has(scope: Scope, plan: Plan) -> bool:
    tags = list(plan.entry.tags) if plan.entry else []
    # As they are stored: a tag that holds a secret is masked, and nobody's.
    if not scope.tags.isdisjoint(filling.masked({"tags": tags})["tags"]):
        return True
    chosen = AgentService.objects.filter(agent__name__in=scope.agents, service_name=plan.name)
    return bool(scope.agents) and chosen.exists()


def _said(scope: Scope) -> str:
    parts = (("tags", scope.tags), ("agents", scope.agents))
    return ", ".join(f"{word} {', '.join(sorted(names))}" for word, names in parts if names)


def _remedy(scope: Scope, name: str) -> str:
    if scope.tags:
        return f"Give it one of the tags {', '.join(sorted(scope.tags))}"
    return f'Ask who sees all services to add "{name}" to agent {" or ".join(sorted(scope.agents))} first'


def taken(name: str) -> Service | None:
    """The service of this name, whoever sees it; only whether there is one may be told."""
    with unlimited():
        return Service.objects.filter(name=name, removed_at=None).first()


def advise(fields: dict[str, forms.Field], limits: Limits) -> None:
    """Say at a form's tags which of them a new service must have; the only one stands there already."""
    tagged: Iterable[Scope] = [scope for scope in limits if scope.tags and not scope.agents]
    for scope in tagged:
        names = ", ".join(sorted(scope.tags))
        fields["tags"].help_text = _("Separated by commas. At least one of: %(names)s.") % {"names": names}
        fields["tags"].required = True
        if len(scope.tags) == 1:
            fields["tags"].initial = names
