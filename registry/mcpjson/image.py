"""Write mcp.json and keep its versions: whole after each change, never over an edit by hand."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from registry.core.diff import documents
from registry.core.documents import reading
from registry.errors import RegistryError
from registry.installation import files
from registry.mcpjson import rendering
from registry.models import AuditEntry, ConfigVersion, RegistryHead, Service

logger = logging.getLogger(__name__)
WISHES = ("start", "stop", "restart", "reconnect", "bulk action", "rolled back")
MOVED = "mcp.json has changed again. Review it again."
LARGEST = 256 * 1024 * 1024
_edits_seen: set[str] = set()
_exported = rendering.Remembered()


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The file was edited by hand: `text` stands in it, `ours` is what would be written."""

    text: str
    ours: str


class FileMovedError(RegistryError):
    """The file is no longer what someone looked at when they decided."""

    code = "file_moved"


class FileUnreadableError(RegistryError, OSError):
    """The file is there, and we may not read it, or it is none."""

    code = "file_unreadable"


def document(services: QuerySet[Service] | None = None) -> dict[str, Any]:
    """The configuration, or that of some services, as mcp.json has it; secrets are references."""
    wanted = Service.objects.listed() if services is None else services
    rows = wanted.order_by("position", "pk").values_list("name", "entry", "desired")
    return {"mcpServers": {name: rendering.exported(entry, desired) for name, entry, desired in rows}}


def document_text() -> str:
    """The configuration as it is written; as `text_of(document())`, but at a tenth of the cost."""
    return rendering.joined(rendering.parts())


def text_of(content: Mapping[str, Any]) -> str:
    """The document as it is written."""
    return rendering.encoded(content) + "\n"


def portable(content: Mapping[str, Any]) -> str:
    """As `text_of`, but without its layout where that alone would make it too large to be imported."""
    text = text_of(content)
    return text if reading.fits(text) else json.dumps(content, ensure_ascii=False) + "\n"


def sha_of(data: bytes) -> str:
    """The digest by which a content is known."""
    return hashlib.sha256(data).hexdigest()


def _path() -> Path:
    """The file itself, also where its name in the data directory is a link to it."""
    return Path(settings.MCPJSON_FILE).resolve()


def _lock() -> Path:
    return Path(settings.MCPJSON_FILE).with_name(".mcp.json.lock")


def _read() -> bytes | None:
    try:
        return _path().read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise FileUnreadableError(f"{_path()} cannot be read: {exc.strerror}.") from exc


def own() -> bytes:
    """The file as it stands; before there is one, what it will hold."""
    data = _read()
    return document_text().encode() if data is None else data


def _head() -> RegistryHead:
    return RegistryHead.objects.get_or_create(pk=1)[0]


def _ours(head: RegistryHead, data: bytes | None) -> bool:
    """Whether the file is as we left it, or as we would write it.

    The last version counts: we may have died before noting it.
    """
    if data is None:
        return True
    last = ConfigVersion.objects.order_by("-number").values_list("sha256", flat=True).first()
    return sha_of(data) in (head.exported_sha256, last) or data == document_text().encode()


def export_pending(*, author: str, now: datetime) -> bool:
    """Write the file when the registry has moved on; whether it did. Leaves an edited file alone."""
    head = _head()
    if head.exported_revision >= head.revision and _path().exists():
        return False
    with files.locked(_lock()):
        # Read the revision before the rows: what is written is then at least as new as what is noted.
        head = _head()
        data = _read()
        if head.exported_revision >= head.revision and data is not None:
            return False
        if not _ours(head, data):
            _warn_once(data)
            return False
        return _write(head.revision, data, author=author, now=now)


def _warn_once(data: bytes | None) -> None:
    """The worker comes by each second; one line for each edit is enough."""
    sha = sha_of(data or b"")
    if sha not in _edits_seen:
        _edits_seen.add(sha)
        logger.warning("mcp.json was edited by hand; it is left alone until someone decides")


def _write(revision: int, seen: bytes | None, *, author: str, now: datetime) -> bool:
    """Write the file over *seen*; False if it is something else by now."""
    parts = rendering.parts()
    text = rendering.joined(parts)
    data = text.encode()
    _keep_version(text, sha_of(data), parts, author=author, now=now)
    if seen != data and not files.swap(_path(), data, seen):
        return False
    RegistryHead.objects.filter(pk=1).update(exported_revision=revision, exported_sha256=sha_of(data))
    return True


def _keep_version(text: str, sha: str, parts: Mapping[str, str], *, author: str, now: datetime) -> None:
    """To compare large documents takes long: that is done before anybody has to wait for us."""
    last = ConfigVersion.objects.order_by("-number").first()
    if last is not None and last.sha256 == sha:
        return
    who = (author or _authors_since(last))[:150]
    summary = _summary(last, text, parts)[:500]
    _exported.keep(sha, parts)
    with transaction.atomic():
        number = (ConfigVersion.objects.aggregate(top=Max("number"))["top"] or 0) + 1
        ConfigVersion.objects.create(
            number=number, document=text, sha256=sha, author=who, summary=summary, created_at=now
        )


def _summary(last: ConfigVersion | None, text: str, parts: Mapping[str, str]) -> str:
    """What changed since the *last* version; where that is our own, its parts need not be read again."""
    before = _exported.parts(last.sha256) if last else None
    if before is None:
        return documents.summary(last.document if last else "", text)
    return documents.told(before, parts, same=rendering.same)


def _authors_since(last: ConfigVersion | None) -> str:
    """Who changed the configuration, where the worker comes first to export it."""
    acts = AuditEntry.objects.filter(Q(action__startswith="service ") | Q(action__in=WISHES)).order_by("pk")
    since = acts.filter(at__gt=last.created_at) if last else acts
    told = ", ".join(dict.fromkeys(since.values_list("actor", flat=True)))
    # An act is dated by its beginning, which may be before that version.
    return told or (acts.values_list("actor", flat=True).last() or "")


def edited() -> bytes | None:
    """The file as someone edited it by hand; None where it is as we left it."""
    data = _read()
    return None if _ours(_head(), data) else data


def drift() -> Drift | None:
    """What a hand edit of the file says, and what we would write; None where it is as we left it."""
    data = edited()
    if data is None:
        return None
    return Drift(text=data.decode("utf-8", "replace"), ours=document_text())


@contextmanager
def held(seen: str) -> Iterator[bytes]:
    """The edited file while nobody else of us touches it; FileMovedError if *seen* is not its digest."""
    with files.locked(_lock()):
        data = edited()
        if data is None or sha_of(data) != seen:
            raise FileMovedError(MOVED)
        yield data


def write_ours(*, author: str, now: datetime, seen: str = "") -> None:
    """Decide for the registry: the edited file is replaced, with *seen* only while that is its digest."""
    with held(seen) if seen else files.locked(_lock()):
        if not _write(_head().revision, _read(), author=author, now=now):
            raise FileMovedError(MOVED)


def base() -> dict[str, Any] | None:
    """The entries of the file as we wrote it last; None where that is not known."""
    rows = ConfigVersion.objects.order_by("-number")
    last = rows.filter(sha256=_head().exported_sha256).first() or rows.first()
    found: dict[str, Any] | None = json.loads(last.document)["mcpServers"] if last else None
    return found


def accept_file(seen: bytes) -> None:
    """Decide for the file, once it was imported: it may be replaced while it is still as *seen*."""
    RegistryHead.objects.filter(pk=_head().pk).update(exported_sha256=sha_of(seen))


def found_at_first_start() -> bytes | None:
    """The file that was there before us; None where there is none, or the registry has been used already."""
    data = _read()
    return None if Service.objects.exists() or _head().exported_sha256 else data


def keep_copy(data: bytes) -> None:
    """Beside the file, for whoever wrote it."""
    files.create(_path().with_name("mcp.json.before-import"), data)
