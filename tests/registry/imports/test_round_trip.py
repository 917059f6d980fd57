"""Real documents go in, come out as mcp.json, and go in again: no entry differs, unknown keys included.

MCPJSON_SAMPLES names a folder of further documents to try.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from registry.core.clients.translation import translated
from registry.core.documents import dialects
from registry.core.documents.trees import mapped
from registry.core.entries import filling
from registry.core.entries.placeholders import replaced
from registry.core.secrecy.redact import USED
from registry.imports import preview as import_preview
from registry.mcpjson import image
from registry.models import Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from registry.services.register import Result
from tests.support.tools import ROOT

HERE = ROOT / "tests" / "registry"
pytestmark = pytest.mark.django_db
REPLACED = {"transport", "timeout", "url"}
"""Keys that a client reads otherwise or not at all: their content stands in others, or a note says it."""
FOLDERS = [
    HERE / "data",
    HERE / "data" / "clients",
    HERE / "data_documents",
    *map(Path, filter(None, [os.environ.get("MCPJSON_SAMPLES")])),
]
FILES = [
    path
    for folder in FOLDERS
    for path in sorted(folder.iterdir())
    if path.is_file() and path.suffix != ".tsv"
]


def bring(source: Any, values: Mapping[str, str]) -> list[Result]:
    rows = import_preview.preview(source).rows
    renames = {str(row.item.name): row.suggestion for row in rows if row.item and row.suggestion}
    return register.register(
        source, by="x", role=Role.ADMIN, now=timezone.now(), values=values, renames=renames
    )


def as_filled(entry: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The entry as a person would have typed it with the values in it."""

    def put(text: str) -> str:
        return replaced(text, lambda hole: values.get(hole.name, text[hole.start : hole.end]))

    return {
        key: mapped(value, put) if key in USED else value
        for key, value in entry.items()
        if key not in ("disabled", "enabled")
    }


def everything_told() -> dict[str, Any]:
    """The exported document with the values of its references put back."""
    values = {secret.name: vault.unseal(secret.ciphertext) for secret in Secret.objects.all()}
    exported = image.document()["mcpServers"]
    told = {name: filling.fill_everywhere(entry, values) for name, entry in exported.items()}
    return {
        name: {key: value for key, value in entry.items() if key not in ("disabled", "enabled")}
        for name, entry in told.items()
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_real_document_comes_out_as_it_went_in(file: Path, tmp_path: Path) -> None:
    data = file.read_bytes()
    found = dialects.find(data).found
    seen = import_preview.preview(data)
    values = {ask.name: "given" for ask in (*seen.asks, *seen.optional)}
    results = bring(data, values)
    good = {result.name: item for result, item in zip(results, found, strict=True) if result.error is None}
    told = everything_told()
    meant = {name: translated(item, item.raw).entry for name, item in good.items()}
    assert told == {name: as_filled(entry, values) for name, entry in meant.items()}
    for name, item in good.items():
        gone = item.raw.keys() - told[name].keys() - {"disabled", "enabled"}
        assert gone <= REPLACED, (name, gone)

    written = image.text_of(image.document())
    assert [result.outcome for result in bring(written, {})] == ["unchanged"] * len(good)

    kept = {secret.name: vault.unseal(secret.ciphertext) for secret in Secret.objects.all()}
    Service.objects.all().delete()
    Secret.objects.all().delete()
    assert {result.outcome for result in bring(written, kept)} <= {"created"}
    assert image.text_of(image.document()) == written
