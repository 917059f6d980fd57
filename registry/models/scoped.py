"""The one place that decides which rows somebody sees: a manager that reads the limits in force.

Every model that says something of a service has it, so a page or a REST path that is added tomorrow shows no
more than the others. Relations that lead from a visible row to its service use Django's base manager and
cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import cached_property, reduce
from operator import and_
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import (
    Aggregate,
    BigIntegerField,
    BooleanField,
    F,
    Field,
    ForeignObject,
    Func,
    JSONField,
    Lookup,
    Q,
    QuerySet,
    TextField,
)

from registry.core.scope import Limits, Scope
from registry.models.limits import current, once

FEW, HIGHEST = 500, 1_000_000
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
    return in_view(getattr(model, "scoped_by", "service"), limits)


def in_view(path: str, limits: Limits) -> Q:
    """That *path* leads to a service within the limits, also one that is no longer listed; "pk": itself.

    While something is only read they are looked for once: to search the tags of ten thousand services takes
    longer than the rest of most queries.
    """
    ids = _found(limits)
    if ids is not None:
        return Q(**{f"{path}__{Among.lookup_name}": ids})
    if path == "pk":
        return reduce(and_, map(matching, limits), Q())
    return Q(**{f"{path}__in": _matching(limits).values("pk")})


def keys_in(limits: Limits) -> list[int]:
    """The keys of the services within the limits, also of those no longer listed."""
    ids = _found(limits)
    return _keys(limits) if ids is None else ids.keys


def _found(limits: Limits) -> Ids | None:
    return once(("ids", limits), lambda: Ids(_keys(limits)))


def _keys(limits: Limits) -> list[int]:
    return _matching(limits).aggregate(keys=_Gathered("pk"))["keys"] or []


def named_in_view(path: str, limits: Limits) -> Q:
    """The same of a column with a service's name."""
    names = once(("names", limits), lambda: Names(_matching(limits).values_list("name", flat=True)))
    return Q(**{f"{path}__in": _matching(limits).values("name") if names is None else names})


def names_in(limits: Limits, names: Collection[str]) -> set[str]:
    """Those of the names that services within the limits have."""
    rows = _rows("Service").filter(in_view("pk", limits), name__in=names)
    return set(rows.values_list("name", flat=True))


def _matching(limits: Limits) -> QuerySet[Any, Any]:
    return _rows("Service").filter(*(matching(scope) for scope in limits))


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


class _Gathered(Aggregate):
    """All values as one list: thousands of rows cost more than to find them."""

    function = "json_group_array"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self.as_sql(compiler, connection, function="jsonb_agg")


class HasAny(Func):
    """Whether a list in JSON has one of *names*: the whole name, and in the same letters."""

    output_field = BooleanField()

    def __init__(self, field: str, names: Any) -> None:
        super().__init__(F(field))
        self.names = sorted(names)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        # A name is looked for as it stands in a list, first or later: that is three times as fast as to read
        # the list. What stands between two names reads so too where it begins with the end of one.
        plain = [name for name in self.names if name[:1] not in (",", "]")]
        seen = [f"instr({column}, %s)"] * (2 * len(plain))
        names = [
            part for name in plain for before in ("[", ", ") for part in (*params, before + json.dumps(name))
        ]
        if odd := [name for name in self.names if name not in plain]:
            pair = f"json_each({column}) had JOIN json_each(%s) wanted ON had.value = wanted.value"
            seen.append(f"EXISTS(SELECT 1 FROM {pair})")  # noqa: S608
            names += [*params, json.dumps(odd)]
        return f"({' OR '.join(seen)})", tuple(names)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"jsonb_exists_any({column}, %s::text[])", (*params, self.names)


class Ids:
    """Many keys, ready to be sent."""

    def __init__(self, keys: Iterable[int]) -> None:
        self.keys = list(keys)

    @cached_property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(self.keys)

    @cached_property
    def bits(self) -> bytes:
        """A byte for each number, 1 for each key; empty where there are few, or very high ones."""
        if len(self.keys) <= FEW or max(self.keys) > HIGHEST:
            return b""
        found = bytearray(max(self.keys) + 1)
        for key in self.keys:
            found[key] = 1
        return bytes(found)


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):
    """Whether a key is among many.

    SQLite makes a table of a list for each place where it stands in a statement. Few are worth that, since
    they lead to their rows; with many, each row is asked whether its byte is set.
    """

    lookup_name = "among"
    prepare_rhs = False

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        raise NotImplementedError

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        if self.rhs.bits:
            return f"substr(%s, {lhs} + 1, 1) = x'01'", (self.rhs.bits, *params)
        return f"{lhs} IN (SELECT value FROM json_each(%s))", (*params, self.rhs.text)  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s::bigint[])", (*params, self.rhs.keys)


class Names(Func):
    """Many names as a table of one column, sent as one parameter."""

    output_field: Field[Any, Any] = TextField()
    kind = "text"

    def __init__(self, names: Iterable[Any]) -> None:
        super().__init__()
        self.names = list(names)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        return "(SELECT value FROM json_each(%s))", (json.dumps(self.names),)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        return f"(SELECT unnest(%s::{self.kind}[]))", (self.names,)


class Keys(Names):
    """The same of keys: thousands of parameters cost more than most queries."""

    output_field = BigIntegerField()
    kind = "bigint"
