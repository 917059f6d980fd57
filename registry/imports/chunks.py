"""Save an import in chunks: what is saved stays saved, the rest can be corrected and tried again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from registry.dependencies import links
from registry.imports import import_run
from registry.imports.drafts import Draft
from registry.models import Role
from registry.services import register
from registry.services.planner import name_all

PORTION = 200
PORTIONS = 25


def size(draft: Draft) -> int:
    """How many to save at once: few enough to see it move, more where there are very many."""
    return min(max(PORTION, draft.total // PORTIONS), register.PART)


def begin(draft: Draft, chosen: Collection[int], removals: Collection[str] = ()) -> Draft:
    """The draft with these entries to be saved, dependencies first, and then these services to be removed."""
    document = draft.document
    pairs = list(enumerate(name_all(document.found, {})))
    wanted = [(number, pair) for number, pair in pairs if number in chosen]
    order = links.arranged([pair for _number, pair in wanted]) if len(wanted) > PORTION else None
    todo = [number for number, _pair in ([wanted[at] for at in order] if order else wanted)]
    todo += [n for n in range(len(pairs), len(pairs) + len(document.names)) if n in chosen]
    return replace(
        draft,
        todo=tuple(todo),
        removals=tuple(removals),
        total=len(todo) + len(removals),
        failed=0,
        removed=0,
        problems=(),
    )


def go_on(draft: Draft, *, by: str, role: Role, now: datetime, chunk: int) -> Draft:
    """The draft after its next portion; the removals come together, when every entry was tried."""
    if draft.todo:
        return _save(draft, by, role, now, chunk)
    results = import_run.remove(draft.removals, by=by, now=now)
    return replace(
        draft,
        removals=(),
        removed=draft.removed + sum(result.error is None for result in results),
        problems=(*draft.problems, *(str(result.error) for result in results if result.error)),
    )


def _save(draft: Draft, by: str, role: Role, now: datetime, chunk: int) -> Draft:
    part = draft.todo[:chunk]
    results = register.register(
        draft.document, by=by, role=role, now=now, values=draft.known, at=frozenset(part)
    )
    pairs = zip(sorted(part), results, strict=True)
    saved = {number: result.outcome for number, result in pairs if result.error is None}
    return replace(
        draft,
        todo=draft.todo[chunk:],
        saved={**draft.saved, **saved},
        failed=draft.failed + len(part) - len(saved),
    )
