"""What somebody who sees some services only may register: what they see, and will see afterwards.

A document is planned with a view of all services, since a name or a value may be taken by a hidden one. Here
is what keeps that view from showing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from registry.core.documents.places import show
from registry.core.entries import filling, needs
from registry.core.entries import names as entry_names
from registry.core.scope import Limits, Scope
from registry.errors import InvalidConfigError
from registry.models import AgentService, Service
from registry.models.hidden import HIDDEN
from registry.models.limits import current, unlimited, within
from registry.models.scoped import names_in
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

    def put_back(self, plan: Plan, raw: Any) -> Any:
        """The entry with the hidden services that it depends on where the one HIDDEN stands for them."""
        given = needs.stored(raw) if self._limits and plan.service and isinstance(raw, dict) else []
        if plan.service is None or HIDDEN not in given:
            return raw
        before = needs.stored(plan.service.entry)
        seen = names_in(self._limits, before)
        unseen = [name for name in before if name not in seen]
        plan.unseen_needs = frozenset(unseen)
        if given == list(dict.fromkeys(name if name in seen else HIDDEN for name in before)):
            return needs.written(raw, before)
        return needs.written(raw, [one for name in given for one in (unseen if name == HIDDEN else [name])])

    def refuse_outside(self, plan: Plan) -> None:
        """What they would not see, or no longer, and what others would see because of a tag that they add."""
        if not (self._limits and plan.changed):
            return
        at = show((*plan.place, "tags"))
        if missed := [one for one in self._limits if not _has(one, plan)]:
            what = f"would be outside of your scope ({' and '.join(map(_said, missed))})"
            raise InvalidConfigError(at, what, _remedy(missed[0], plan.name))
        own = {tag for scope in self._limits for tag in scope.tags}
        there = plan.service.tags if plan.service else []
        if foreign := [tag for tag in _tags(plan) if tag not in own and tag not in there]:
            what = f'gets the tag "{foreign[0]}", which is not of your scope'
            raise InvalidConfigError(at, what, "Leave it out, or ask who sees all services")

    @cached_property
    def _seen(self) -> set[int]:
        ids = [service.pk for service in self._services]
        parts = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
        with within(self._limits):
            found = [Service.objects.filter(pk__in=part).values_list("pk", flat=True) for part in parts]
            return {pk for part in found for pk in part}


def refuse_retagging(name: str, before: Sequence[str], after: Sequence[str]) -> None:
    """As `Bounds.refuse_outside`, of a service that they see and whose tags alone change."""
    limits = current()
    if not limits or list(before) == list(after):
        return
    for scope in limits:
        chosen = AgentService.objects.filter(agent__name__in=scope.agents, service_name=name)
        if scope.tags.isdisjoint(after) and not (scope.agents and chosen.exists()):
            what = f'"{name}" would be outside of your scope ({_said(scope)})'
            raise InvalidConfigError("tags", what, _remedy(scope, name))
    own = {tag for scope in limits for tag in scope.tags}
    if foreign := [tag for tag in after if tag not in own and tag not in before]:
        what = f'"{name}" gets the tag "{foreign[0]}", which is not of your scope'
        raise InvalidConfigError("tags", what, "Leave it out, or ask who sees all services")


def _has(scope: Scope, plan: Plan) -> bool:
    if not scope.tags.isdisjoint(_tags(plan)):
        return True
    chosen = AgentService.objects.filter(agent__name__in=scope.agents, service_name=plan.name)
    return bool(scope.agents) and chosen.exists()


def _tags(plan: Plan) -> Sequence[str]:
    """As they are stored: a tag that holds a secret is masked, and nobody's."""
    tags: Sequence[str] = filling.masked({"tags": list(plan.entry.tags) if plan.entry else []})["tags"]
    return tags


def _said(scope: Scope) -> str:
    parts = (("tags", scope.tags), ("agents", scope.agents))
    return ", ".join(f"{word} {', '.join(sorted(names))}" for word, names in parts if names)


def _remedy(scope: Scope, name: str) -> str:
    if scope.tags:
        return f"Give it one of the tags {', '.join(sorted(scope.tags))}"
    agents = " or ".join(sorted(scope.agents))
    return f'Ask someone who sees all services to add "{name}" to agent {agents} first'


def taken(name: str) -> Service | None:
    """The service of this name, whoever sees it; only whether there is one may be told."""
    with unlimited():
        return Service.objects.filter(name=name, removed_at=None).first()


def advise(fields: dict[str, forms.Field], limits: Limits) -> None:
    """Say at a form's tags which of them the service must have; of a new one the only one stands there."""
    tagged: Iterable[Scope] = [scope for scope in limits if scope.tags and not scope.agents]
    for scope in tagged:
        names = ", ".join(sorted(scope.tags))
        fields["tags"].help_text = _("Separated by commas. At least one of: %(names)s.") % {"names": names}
        fields["tags"].required = True
        if len(scope.tags) == 1:
            fields["tags"].initial = names
