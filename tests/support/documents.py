"""The documents of other programs that the tests read."""

from __future__ import annotations

from registry.core.documents import dialects
from registry.core.documents.found import Document
from tests.support.tools import ROOT

DATA = ROOT / "tests" / "registry" / "data_documents"


def read(name: str) -> Document:
    return dialects.find((DATA / name).read_bytes())
