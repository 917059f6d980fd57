"""Which services a target is about, now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from lifecycle.models import Slo
from registry.models import Service


def members_of(slos: Iterable[Slo]) -> dict[int, list[int]]:
    """The ids of the listed services of each target, in order; one query."""
    slos = list(slos)
    tagged: dict[str, list[int]] = {slo.tag: [] for slo in slos if slo.tag}
    listed = set()
    for key, tags in Service.objects.listed().order_by("pk").values_list("pk", "tags"):
        listed.add(key)
        for tag in tags:
            if tag in tagged:
                tagged[tag].append(key)
    return {slo.pk: tagged[slo.tag] if slo.tag else _alone(slo, listed) for slo in slos}


def _alone(slo: Slo, listed: set[int]) -> list[int]:
    return [slo.service_id] if slo.service_id in listed else []


def digest_of(ids: Sequence[int]) -> str:
    """Tells one set of members from another."""
    return hashlib.sha256(repr(list(ids)).encode()).hexdigest()[:16]


def union(members: Mapping[int, Sequence[int]]) -> list[int]:
    """All of them, once each."""
    return sorted({key for ids in members.values() for key in ids})
