"""Run a whole import at once, for the command line, REST and Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from registry.core.documents import dialects
from registry.core.documents.dialects import Document
from registry.dependencies.links import few
from registry.dependencies.release import StillNeededError
from registry.errors import InvalidConfigError
from registry.imports import preview
from registry.mcpjson import image
from registry.models import Role
from registry.services import register
from registry.services.register import Progress, Result, Source


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
    client: str = "",
    file: str = "",
) -> list[Result]:
    """Register the document; None is everything in the mcp.json. *replace* removes what it does not name.

    It is read by the rules of *client*, or of the one that *file*, the document or the entries give away.

    Where the document is the edited mcp.json itself, and all of it was taken, that decides for the edit.
    """
    data, document = opened(source, client, file)
    gone = preview.missing(document, renames or {}) if replace or data is not None else []
    results = register.register(
        document, by=by, role=role, now=now, values=values, renames=renames, only=only, progress=progress
    )
    if replace:
        results += remove(gone, by=by, now=now)
    if data is not None and only is None and (replace or not gone) and not any(one.error for one in results):
        _decide(data, by, now)
    return results


def opened(
    source: Source | Document | None, client: str = "", file: str = ""
) -> tuple[bytes | None, Document]:
    """The document, and its bytes where they are those of the mcp.json."""
    if isinstance(source, Document):
        return None, source
    if source is None:
        data = image.own()
        return data, dialects.find(data, limit=image.LARGEST)
    own = isinstance(source, bytes) and source == image.edited()
    document = dialects.find(source, client=client, file=file)
    return source if own and isinstance(source, bytes) else None, document


def _decide(data: bytes, by: str, now: datetime) -> None:
    if image.edited() == data:
        image.accept_file(data)
        image.export_pending(author=by, now=now)


def remove(names: Iterable[str], *, by: str, now: datetime) -> list[Result]:
    """Remove these services together; one that is gone already is not told of."""
    removed = register.remove_all(list(names), by=by, now=now)
    return [_removed(name, error) for name, error in removed.items()]


def _removed(name: str, error: StillNeededError | None) -> Result:
    if error is None:
        return Result(name=name, outcome="removed")
    what = f"is left out, but {few(error.needed_by)} still needs it"
    return Result(
        name=name,
        outcome="invalid",
        error=InvalidConfigError(name, what, "Take it out of dependsOn there"),
    )
