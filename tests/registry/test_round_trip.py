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

from registry import mcpjson, previewing, registration, secrets
from registry.core import dialects, filling
from registry.core.placeholders import replaced
from registry.core.secrecy import USED
from registry.core.trees import mapped
from registry.models import Role, Secret, Service
from registry.registration import Result

pytestmark = pytest.mark.django_db
FOLDERS = [Path(__file__).parent / "data", *map(Path, filter(None, [os.environ.get("MCPJSON_SAMPLES")]))]
FILES = [path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.suffix != ".tsv"]


def bring(source: Any, values: Mapping[str, str]) -> list[Result]:
    rows = previewing.preview(source).rows
    renames = {str(row.item.name): row.suggestion for row in rows if row.item and row.suggestion}
    return registration.register(
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
    values = {secret.name: secrets.unseal(secret.ciphertext) for secret in Secret.objects.all()}
    exported = mcpjson.document()["mcpServers"]
    told = {name: filling.fill_everywhere(entry, values) for name, entry in exported.items()}
    return {
        name: {key: value for key, value in entry.items() if key not in ("disabled", "enabled")}
        for name, entry in told.items()
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_real_document_comes_out_as_it_went_in(file: Path, tmp_path: Path) -> None:
    data = file.read_bytes()
    found = dialects.find(data).found
    values = {ask.name: "given" for ask in previewing.preview(data).asks}
    results = bring(data, values)
    good = {result.name: item for result, item in zip(results, found, strict=True) if result.error is None}
    assert everything_told() == {name: as_filled(item.raw, values) for name, item in good.items()}

    written = mcpjson.text_of(mcpjson.document())
    assert [result.outcome for result in bring(written, {})] == ["unchanged"] * len(good)

    kept = {secret.name: secrets.unseal(secret.ciphertext) for secret in Secret.objects.all()}
    Service.objects.all().delete()
    Secret.objects.all().delete()
    assert {result.outcome for result in bring(written, kept)} <= {"created"}
    assert mcpjson.text_of(mcpjson.document()) == written
