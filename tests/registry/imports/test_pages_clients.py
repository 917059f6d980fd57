"""The import page says whose document it is and what was made of each entry; both can be changed."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry.secrets import vault
from registry.services import register
from tests.support.importing import check, document, preview, row, send
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db
UNSAID = {"url": "https://a.example/mcp", "timeout": 1800, "headers": {"X-A": "canary"}, "toolFilter": "x"}


def test_each_entry_says_what_was_understood_of_it_and_repeats_no_value(admin: Client) -> None:
    page = text_of(preview(admin, document(a=UNSAID)))
    assert "Read as: mcp.json of no particular client" in page
    told = row(page, "a")
    for part in (
        "no type is given",
        "call 1.8 s",
        "its unit is assumed",
        "X-A",
        "toolFilter",
        'name="unit:0"',
    ):
        assert part in told
    assert "canary" not in told


def test_the_client_of_a_document_is_chosen_and_stays_chosen_until_it_is_saved(admin: Client) -> None:
    page = text_of(preview(admin, document(a=UNSAID)))
    page = check(admin, page, client="cline")
    assert "Read as: Cline settings" in page
    assert "call 1,800 s" in row(page, "a")
    assert 'value="cline" selected' in page
    assert send(admin, page, client="cline", step="save").status_code == 200
    config = vault.reveal(register.get("a"))
    assert (config.transport, config.timeout) == ("sse", 1800)


def test_a_unit_and_a_transport_that_nobody_said_are_chosen_for_one_entry(admin: Client) -> None:
    page = text_of(preview(admin, document(a=UNSAID, b={"type": "http", "url": "https://b.example/mcp"})))
    assert "transport:1" not in page
    page = check(admin, page, **{"unit:0": "s", "transport:0": "sse"})
    assert "you chose it" in row(page, "a")
    assert 'value="s" selected' in row(page, "a")
    assert send(admin, page, step="save").status_code == 200
    config = vault.reveal(register.get("a"))
    assert (config.transport, config.timeout) == ("sse", 1800)


def test_the_name_of_an_uploaded_file_tells_its_client(admin: Client) -> None:
    file = SimpleUploadedFile("cline_mcp_settings.json", document(a=UNSAID).encode())
    page = text_of(admin.post("/import/", {"file": file}, headers=HTMX))
    assert "Read as: Cline settings" in page
