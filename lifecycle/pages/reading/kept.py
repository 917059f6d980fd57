"""Queries that are the same for every page: Django writes their SQL once, and from then on they only run.

To write one anew takes longer than to run it over 10,000 services.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import copy
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from registry.models.limits import current

MOST = 128
Found = TypeVar("Found")
Made = TypeVar("Made", bound=Model)
_known: dict[Hashable, tuple[QuerySet[Any, Any], SQLCompiler, tuple[str, Any]]] = {}


def rows(key: Hashable, make: Callable[[], QuerySet[Made, Found]]) -> list[Found]:
    """What the query finds that *make* makes: by this *key* always the same one, values included.

    Whom a scope limits has a query of their own, which is written each time.
    """
    if current():
        return list(make())
    query, compiler, statement = _of(key, make)
    again = query.all()
    asking = copy(compiler)
    asking.connection = connection
    asking.as_sql = lambda *_, **__: statement  # type: ignore[method-assign]
    again.query.get_compiler = lambda *_, **__: asking  # type: ignore[method-assign]
    return list(again)


def _of(key: Hashable, make: Callable[[], Any]) -> tuple[QuerySet[Any, Any], SQLCompiler, tuple[str, Any]]:
    known = _known.get((key, vendor := connection.vendor))
    if known is None:
        query = make()
        compiler = query.query.get_compiler(connection.alias)
        if len(_known) >= MOST:
            _known.clear()
        known = _known[key, vendor] = (query, compiler, compiler.as_sql())
    return known
