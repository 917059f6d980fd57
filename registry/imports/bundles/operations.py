"""MCP bundles in the data directory: kept at their upload, unpacked when an admin saves, and cleared away."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from registry.core.documents import reading
from registry.core.documents.formats import mcpb
from registry.core.documents.trees import mapped
from registry.core.entries import names as entry_names
from registry.imports.bundles import archive
from registry.models import ConfigVersion, Service
from registry.models.limits import unlimited

DIRNAME = "${__dirname}"
LARGEST = 256 * 1024 * 1024
DIGEST = re.compile(r"[0-9a-f]{64}")
FORGOTTEN_AFTER = 24 * 3600.0
UNUSED_AFTER = 3600.0
"""Seconds: nobody is still about to save a service that runs from the folder."""


def home() -> Path:
    """Where bundles are."""
    return Path(settings.DATA_DIR) / "bundles"


def _kept(digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise archive.refused(_("is not known here"), _("Upload it again"))
    return home() / "uploaded" / f"{digest}.mcpb"


def keep(content: bytes) -> str:
    """Keep an uploaded bundle for a day, if it is a good one; what it is known by."""
    if len(content) > LARGEST:
        raise archive.refused(_("is larger than 256 MiB"))
    digest = hashlib.sha256(content).hexdigest()
    path = _kept(digest)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        archive.manifest(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return digest


def text_of(digest: str) -> bytes:
    """Its manifest as a document: what starts it is filled with the folder that it will be in."""
    path = _kept(digest)
    if not path.exists():
        raise archive.refused(_("has expired"), _("Upload it again"))
    tree = reading.read(archive.manifest(path))
    if not isinstance(tree, dict) or not mcpb.is_manifest(tree):
        raise archive.refused(_("has a manifest.json that is not an MCP bundle manifest"))
    folder = str(_folder(tree, digest))
    server = {**tree["server"], "mcp_config": mcpb.config_of(tree["server"])}
    config = mapped(server["mcp_config"], lambda text: text.replace(DIRNAME, folder))
    return json.dumps({**tree, "server": {**server, "mcp_config": config}}, ensure_ascii=False).encode()


def _folder(tree: dict[str, Any], digest: str) -> Path:
    """Named so that people know it, and that no other content has the same."""
    name = entry_names.suggest(str(tree.get("name", "")))[:40] or "bundle"
    return home() / f"{name}-{digest[:12]}"


def unpack(digest: str) -> Path:
    """Put it where its entry says; an admin has looked at it and saves it."""
    path = _kept(digest)
    if not path.exists():
        raise archive.refused(_("has expired"), _("Upload it again"))
    tree = reading.read(archive.manifest(path))
    folder = _folder(tree if isinstance(tree, dict) else {}, digest)
    archive.unpack(path, folder)
    return folder


def unused(now: float) -> list[Path]:
    """Uploads of yesterday, and folders that no service and no version of the mcp.json names."""
    uploads = _older(home().glob("uploaded/*"), now - FORGOTTEN_AFTER)
    folders = [path for path in _older(home().glob("*-*"), now - UNUSED_AFTER) if path.is_dir()]
    return uploads + [path for path in folders if not _is_named(path.name)]


def _older(paths: Iterable[Path], than: float) -> list[Path]:
    return [path for path in paths if path.lstat().st_mtime < than]


def _is_named(folder: str) -> bool:
    """By a service, removed ones too for as long as they can be restored, or by a version."""
    with unlimited():
        services = Service.objects.alias(text=Cast("entry", TextField()))
        return (
            services.filter(text__contains=folder).exists()
            or ConfigVersion.objects.filter(document__contains=folder).exists()
        )


def clear(paths: Iterable[Path]) -> None:
    """Delete them; one that somebody else deletes meanwhile is no fault."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
