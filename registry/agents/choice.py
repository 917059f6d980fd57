"""The service picker of an agent's form: what is chosen, and what a search finds."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from registry.models import Service

SHOWN = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """`chosen` are all of them, `found` the first others that match, `more` how many follow."""

    chosen: list[str]
    found: list[tuple[str, str]]
    more: int
    q: str


def _matching(q: str) -> Q:
    if not q:
        return Q()
    tagged = Q(tags__icontains=q) | Q(tags__icontains=json.dumps(q)[1:-1])
    return Q(name__icontains=q) | Q(endpoint__icontains=q) | tagged


def choice(chosen: Collection[str], q: str) -> Choice:
    """What the form offers; a search looks at names, addresses and tags."""
    taken = set(chosen)
    rows = Service.objects.listed().filter(_matching(q)).order_by("name").values_list("name", "endpoint")
    others = [row for row in rows if row[0] not in taken]
    return Choice(
        chosen=sorted(taken, key=str.lower), found=others[:SHOWN], more=max(0, len(others) - SHOWN), q=q
    )
