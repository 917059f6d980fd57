"""A whole import, as command line, REST and Python ask for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from registry import dependencies, mcpjson, previewing, registration
from registry.core import dialects
from registry.core.dialects import Document
from registry.dependencies import StillNeededError, few
from registry.errors import InvalidConfigError, ServiceNotFoundError
from registry.models import Role
from registry.registration import Progress, Result, Source


def bring(
    source: Source | Document | None,
    *,
    by: str,
    role: Role,
    now: datetime,
    values: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> list[Result]:
    """Register the document; None is everything in the mcp.json. *replace* removes what it does not name.

    Where the document is the edited mcp.json itself, and all of it was taken, that decides for the edit.
    """
    data, document = opened(source)
    gone = previewing.missing(document, renames or {}) if replace or data is not None else []
    results = registration.register(
        document, by=by, role=role, now=now, values=values, renames=renames, only=only, progress=progress
    )
    if replace:
        results += remove(gone, by=by, now=now)
    if data is not None and only is None and (replace or not gone) and not any(one.error for one in results):
        _decide(data, by, now)
    return results


def opened(source: Source | Document | None) -> tuple[bytes | None, Document]:
    """The document, and its bytes where they are those of the mcp.json."""
    if isinstance(source, Document):
        return None, source
    if source is None:
        data = mcpjson.own()
        return data, dialects.find(data, limit=mcpjson.LARGEST)
    own = isinstance(source, bytes) and source == mcpjson.edited()
    return source if own and isinstance(source, bytes) else None, dialects.find(source)


def _decide(data: bytes, by: str, now: datetime) -> None:
    if mcpjson.edited() == data:
        mcpjson.accept_file(data)
        mcpjson.export_pending(author=by, now=now)


def remove(names: Iterable[str], *, by: str, now: datetime) -> list[Result]:
    """Remove these services, each after those that need it; one that is gone already is not told of."""
    ordered = dependencies.removal_order(names)
    return [result for name in ordered if (result := _removed(name, by, now)) is not None]


def _removed(name: str, by: str, now: datetime) -> Result | None:
    try:
        registration.remove(name, by=by, now=now)
    except ServiceNotFoundError:
        return None
    except StillNeededError as exc:
        what, remedy = (
            f"is left out, but {few(exc.needed_by)} still needs it",
            "Take it out of dependsOn there",
        )
        return Result(name=name, outcome="invalid", error=InvalidConfigError(name, what, remedy))
    return Result(name=name, outcome="removed")
