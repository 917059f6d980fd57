"""Whether the services of a draft changed since its preview."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from registry.core.entries import names as entry_names
from registry.imports.drafts import Draft
from registry.models import RegistryHead, Service

CHUNK = 500


def noted(draft: Draft, since: int) -> Draft:
    """The draft with a mark of what there is under its names, as it was looked at since that revision."""
    mark = _mark(draft)
    return replace(draft, revision=since, standing=mark if revision() == since else "")


def moved(draft: Draft) -> bool:
    """Whether somebody else changed one of them since it was noted."""
    return draft.revision != revision() and draft.standing != _mark(draft)


def revision() -> int:
    """The number that each change of the configuration raises."""
    return RegistryHead.objects.values_list("revision", flat=True).first() or 0


def _mark(draft: Draft) -> str:
    """A digest of every service that an entry still to be saved names, and of those that it leaves out."""
    found = enumerate(draft.document.found)
    named = {str(item.name) for number, item in found if number not in draft.saved}
    ordered = sorted(name for name in named | set(draft.absent) if entry_names.possible(name))
    digest = hashlib.sha256()
    for start in range(0, len(ordered), CHUNK):
        rows = Service.objects.listed().filter(name__in=ordered[start : start + CHUNK]).order_by("name")
        for row in rows.values_list("name", "entry", "desired"):
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()
