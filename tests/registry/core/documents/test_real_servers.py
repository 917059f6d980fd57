"""26 documents of publishers become the entries that they mean, and ask for what they say."""

from __future__ import annotations

import json

import pytest

from registry.core.documents import dialects, optional
from registry.imports import preview
from registry.models import Role
from tests.registry.core.documents.real_servers import REAL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", REAL)
def test_a_document_becomes_the_entry_that_it_means(name: str) -> None:
    document, entry, asked, may = REAL[name]
    (found,) = dialects.find(json.dumps(document)).found
    raw = optional.without_unset(found.raw, found.optional, {}, {})
    assert {key: raw[key] for key in raw if key != "description"} == entry
    seen = preview.preview(json.dumps(document), role=Role.ADMIN)
    assert [row.outcome for row in seen.rows] == ["asks" if asked else "added"]
    assert [ask.name for ask in seen.asks] == asked
    assert [ask.name for ask in seen.optional] == may


def test_there_are_enough_of_them() -> None:
    assert len(REAL) >= 25
