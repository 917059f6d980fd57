"""Where `collectstatic` finds what is served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

from mcpstore_site.statics import bundles


class Bundles(BaseFinder):
    """The bundles, and none of the files that they are made of."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Nothing: a bundle is no file until it is collected."""
        return [] if find_all else None

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        memory = InMemoryStorage()
        for name, content in bundles.made().items():
            memory.save(name, ContentFile(content))
            yield name, memory
