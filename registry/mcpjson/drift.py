"""mcp.json edited by hand: noticed, shown without its secrets, taken or overwritten as a person decides."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from registry.access import audit
from registry.core.diff import documents, three_way
from registry.core.documents import correcting, dialects, reading
from registry.core.documents.dialects import Found
from registry.core.documents.places import ROOT
from registry.core.entries import filling
from registry.errors import InvalidConfigError
from registry.imports import import_run
from registry.imports import preview as import_preview
from registry.imports.preview import Ask, Row
from registry.mcpjson import image, passphrase, secret_bundle
from registry.mcpjson.image import FileMovedError, FileUnreadableError
from registry.models import RegistryHead, Role
from registry.services import register, store_rows
from registry.services.register import Result

logger = logging.getLogger(__name__)
CHANGED = "A service that the edit is about was changed in the console in the meantime. Review it again."
SETTLED = timedelta(seconds=2)
Head = tuple[str, int, str]


class Watch:
    """Looks at the file now and again; costs one small query while nobody touches it."""

    def __init__(self) -> None:
        self._seen: tuple[tuple[int, ...], Head] | None = None
        self._told = self._warned = ""

    def look(self, now: datetime) -> bool:
        """Note in the registry whether the file is edited; whether that is news since the last look."""
        try:
            stamp = _stamp()
            if (stamp, _head()) != self._seen:
                publish(now)
                # A file written a moment ago may change again without another time or size.
                fresh = bool(stamp) and now.timestamp() - stamp[0] / 1e9 < SETTLED.total_seconds()
                self._seen = None if fresh else (stamp, _head())
            self._warned = ""
        except OSError as exc:
            if str(exc) != self._warned:
                logger.warning("mcp.json cannot be looked at: %s", exc)
            self._warned = str(exc)
        before, self._told = self._told, _head()[2]
        return before != self._told


def _stamp() -> tuple[int, ...]:
    try:
        found = Path(settings.MCPJSON_FILE).stat()
    except FileNotFoundError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _head() -> Head:
    row = RegistryHead.objects.values_list("exported_sha256", "exported_revision", "drift_sha256").first()
    return row or ("", 0, "")


def publish(now: datetime) -> None:
    """Note whether the file is edited now, or cannot be read. A lost file is written again."""
    if not _stamp() and _head()[1]:
        image.export_pending(author="", now=now)
    try:
        data = image.edited()
        sha = image.sha_of(data) if data is not None else ""
    except FileUnreadableError as exc:
        sha = image.sha_of(str(exc).encode())
    noted = RegistryHead.objects.exclude(drift_sha256=sha)
    noted.update(drift_sha256=sha, drift_seen_at=now if sha else None)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What taking the file would do; with a `problem`, why it cannot be read at all.

    `sha` is the file's digest, empty where we may not even read its bytes. `seen` also stands for what the
    console has of the entries that would change. `locked`: values stand in it that a passphrase opens.
    """

    sha: str
    seen: str = ""
    problem: InvalidConfigError | None = None
    rows: tuple[Row, ...] = ()
    asks: tuple[Ask, ...] = ()
    removed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    locked: bool = False
    lines: tuple[documents.Line, ...] = ()

    @property
    def good(self) -> frozenset[str]:
        """Names of the entries that would be saved."""
        return frozenset(row.name for row in self.rows if row.problem is None)


def current(role: Role) -> Look | None:
    """The edited file as someone of this role may take it; None where it is as we left it."""
    try:
        data = image.edited()
    except FileUnreadableError as exc:
        remedy = "Let the account of the console read it, or move it away"
        return Look(sha="", problem=InvalidConfigError("mcp.json", str(exc).rstrip("."), remedy))
    if data is None:
        return None
    try:
        return look(data, role)
    except InvalidConfigError as exc:
        sha = image.sha_of(data)
        return Look(sha=sha, seen=sha, problem=exc)


def look(data: bytes, role: Role, values: Mapping[str, str] | None = None) -> Look:
    """What the edit changed of the file that we wrote; InvalidConfigError if it cannot be read.

    What was changed here since then stays, unless the edit is about the same service.
    """
    tree = reading.read(data, image.LARGEST)
    found, ours, locked = _servers(data), image.document()["mcpServers"], secret_bundle.is_locked(tree)
    theirs = {str(item.name): item.raw if item.problem is None else item for item in found}
    made = three_way.edit(image.base() or ours, theirs, ours)
    seen = import_preview.preview(data, role=role, values=values, limit=image.LARGEST)
    rows = tuple(row for row in seen.rows if row.item is not None and str(row.item.name) in made.touched)
    asked = {name for row in rows for name in row.asks}
    shown = {str(item.name): _shown(item) for item in found}
    sha = image.sha_of(data)
    return Look(
        sha=sha,
        seen=f"{sha}-{_mark(made, ours)}",
        rows=rows,
        asks=tuple(ask for ask in seen.asks if ask.name in asked),
        removed=made.removed,
        dropped=_dropped(tree),
        locked=locked,
        lines=tuple(
            documents.compared(
                _text({"mcpServers": ours}), _text({"mcpServers": three_way.merged(made, shown, ours)})
            )
        ),
    )


def _mark(made: three_way.Edit, ours: Mapping[str, Any]) -> str:
    """What the console has of the entries that the edit would change."""
    there = {name: ours.get(name) for name in sorted({*made.touched, *made.removed})}
    return image.sha_of(_text(there).encode())[:16]


def readable(data: bytes) -> str:
    """The file as we would write it, without its secret values; InvalidConfigError if it cannot be read."""
    return _theirs(_servers(data))


def _theirs(found: Sequence[Found]) -> str:
    return _text({"mcpServers": {str(item.name): _shown(item) for item in found}})


def _servers(data: bytes) -> tuple[Found, ...]:
    document = dialects.find(data, limit=image.LARGEST)
    if document.names:
        raise InvalidConfigError(ROOT, "names services without saying what they are", "Write their entries")
    return document.found


def _dropped(tree: object) -> tuple[str, ...]:
    """What stands beside the services, which the registry has no place for."""
    kept = {"mcpServers", passphrase.KEY} if secret_bundle.is_locked(tree) else {"mcpServers"}
    beside = isinstance(tree, dict) and "mcpServers" in tree
    return tuple(key[:80] for key in tree if key not in kept) if isinstance(tree, dict) and beside else ()


def _text(content: Mapping[str, Any]) -> str:
    return image.text_of(content)


def _shown(item: Found) -> Any:
    """The entry with dots for every value that stands in the file itself."""
    try:
        if item.problem is not None:
            raise item.problem
        reading.check(item.raw, item.place)
    except InvalidConfigError as exc:
        return {"(cannot be read)": f"{exc.where}: {exc.what}"}
    if not isinstance(item.raw, dict):
        return filling.MASK
    return correcting.masked(item)


def take(
    seen: str, *, by: str, role: Role, now: datetime, values: Mapping[str, str], phrase: str = ""
) -> list[Result]:
    """Decide for the file: save its good entries, remove what it leaves out.

    While an entry cannot be taken the file stays as it is, and edited. FileMovedError if what *seen* stands
    for is not there any more; the file's digest alone does for *seen*, too. *phrase* opens values that stand
    locked in the file; InvalidConfigError if it does not.
    """
    sha, _, mark = seen.partition("-")
    with image.held(sha) as data:
        known = {**(secret_bundle.values(data, phrase, image.LARGEST) if phrase else {}), **values}
        with transaction.atomic():
            store_rows.lock_head()
            found = look(data, role, known)
            if mark and found.seen != seen:
                raise FileMovedError(CHANGED)
            results = _save(data, found, by, role, now, known)
            audit.note(by, "edited file taken", "mcp.json", f"{len(results)} services", now=now)
            if not any(result.error for result in results):
                image.accept_file(data)
    image.export_pending(author=by, now=now)
    publish(now)
    return results


def _save(
    data: bytes, found: Look, by: str, role: Role, now: datetime, values: Mapping[str, str]
) -> list[Result]:
    different = {row.name for row in found.rows}
    results = (
        register.register(data, by=by, role=role, now=now, values=values, only=different, limit=image.LARGEST)
        if different
        else []
    )
    return results + import_run.remove(found.removed, by=by, now=now)


def write_ours(seen: str, *, by: str, now: datetime) -> None:
    """Decide for the registry: the edit is thrown away. FileMovedError as for `take`."""
    image.write_ours(author=by, now=now, seen=seen.partition("-")[0])
    audit.note(by, "edited file replaced", "mcp.json", now=now)
    publish(now)
