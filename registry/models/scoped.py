"""The one place that decides which rows somebody sees: a manager that reads the limits in force.

Every model that says something of a service has it, so a page or a REST path that is added tomorrow shows no
more than the others. Relations that lead from a visible row to its service use Django's base manager and
cost nothing.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, F, Func, Q, QuerySet

from registry.core.scope import Limits, Scope
from registry.models.limits import current

M = TypeVar("M", bound=models.Model)


class Scoped(models.Manager[M]):
    """Rows of visible services alone.

    `scoped_by` of the model is the way to its service, "service" where there is none; or `within` decides.
    """

    def get_queryset(self) -> QuerySet[M]:
        """All rows where nothing limits the view: the manager costs a look at a variable."""
        rows = super().get_queryset()
        limits = current()
        return rows.filter(_visible(self.model, limits)) if limits else rows


def _visible(model: Any, limits: Limits) -> Q:
    within = getattr(model, "within", None)
    if within is not None:
        found: Q = within(limits)
        return found
    return Q(**{f"{getattr(model, 'scoped_by', 'service')}__in": services_in(limits)})


def services_in(limits: Limits, column: str = "pk") -> QuerySet[Any, Any]:
    """A column of all services within the limits, those no longer listed too."""
    return _rows("Service").filter(*(matching(scope) for scope in limits)).values(column)


def matching(scope: Scope) -> Q:
    """The services of one scope."""
    chosen = _rows("AgentService").filter(agent__name__in=scope.agents).values("service_name")
    tagged = Q(HasAny("tags", scope.tags)) if scope.tags else Q(pk__in=())
    return tagged | Q(name__in=chosen) if scope.agents else tagged


def nothing(_limits: Limits) -> Q:
    """Rows that speak of all services together."""
    return Q(pk__in=())


def _rows(name: str) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = apps.get_model("registry", name)._base_manager.all()
    return rows


class HasAny(Func):
    """Whether a list in JSON has one of *names*: the whole name, and in the same letters."""

    output_field = BooleanField()

    def __init__(self, field: str, names: Any) -> None:
        super().__init__(F(field))
        self.names = sorted(names)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        pair = f"json_each({column}) had JOIN json_each(%s) wanted ON had.value = wanted.value"
        return f"EXISTS(SELECT 1 FROM {pair})", (*params, json.dumps(self.names))  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"jsonb_exists_any({column}, %s::text[])", (*params, self.names)
