"""Stylesheet and scripts as a console serves them; pages in tests are rendered without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from mcpstore_site.statics.collect import collect

SERVED = {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"}


@contextmanager
def collected(place: Path) -> Iterator[None]:
    """They are in *place*, and known there, as in a process that has just started."""
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": SERVED}, STATIC_ROOT=place):
        collect()
        yield
