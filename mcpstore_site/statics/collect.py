"""Puts the bundles where they are served from, before the first page."""

from __future__ import annotations

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.files.base import ContentFile
from django.core.management import call_command

from mcpstore_site.statics import bundles


def collect() -> None:
    """Have the bundles of this very version; what is there stays untouched, as others may serve it."""
    if not _are_there():
        call_command("collectstatic", interactive=False, verbosity=0)


def _are_there() -> bool:
    if not isinstance(staticfiles_storage, ManifestStaticFilesStorage):
        return False
    names = {
        name: staticfiles_storage.hashed_name(name, ContentFile(content))
        for name, content in bundles.made().items()
    }
    # What is compressed is written last, and of that gzip.
    written = all(staticfiles_storage.exists(f"{name}.gz") for name in names.values())
    return written and staticfiles_storage.hashed_files == names
