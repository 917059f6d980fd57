"""Importing a document: preview, correction, values, saving, results."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry import secrets
from registry.models import Service
from tests.pages.conftest import HTMX, text_of

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"url": "https://weather.example.org/mcp"}


def document(**entries: Any) -> str:
    return json.dumps({"mcpServers": entries})


def preview(client: Client, text: str, **more: Any) -> Any:
    return client.post("/import/", {"text": text}, headers=HTMX, **more)


def hidden(page: str) -> dict[str, list[str]]:
    """What the preview's form sends by itself: its hidden fields and ticked boxes."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]+>", page):
        at = {key: html.unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if at.get("type") == "hidden" or ("checked" in tag and at.get("type") == "checkbox"):
            fields.setdefault(at["name"], []).append(at["value"])
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def save(client: Client, page: str, **fields: Any) -> Any:
    return client.post("/import/", {**hidden(page), **fields}, headers=HTMX)


def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get("/import/").headers["Location"] == "/login/?next=/import/"


def test_a_viewer_may_not_import(viewer: Client) -> None:
    assert viewer.get("/import/").status_code == 403
    assert viewer.post("/import/").status_code == 403


def test_other_methods_are_refused(operator: Client) -> None:
    assert operator.delete("/import/").status_code == 405


def test_the_page_asks_for_a_document(operator: Client) -> None:
    page = text_of(operator.get("/import/"))
    assert '<textarea id="id_text"' in page
    assert 'id="preview"' in page
    assert "Paste a document or choose a file first" in text_of(preview(operator, "  "))


def test_a_preview_shows_each_outcome_and_saves_nothing(admin: Client) -> None:
    save(admin, text_of(preview(admin, document(old=GOOD, same=GOOD))))
    page = text_of(
        preview(
            admin,
            document(
                old={"url": "https://new.example.org/mcp"},
                same=GOOD,
                fresh=GOOD,
                both={"url": "https://x.example/", "command": "rm"},
                asking={"command": "npx", "env": {"KEY": "${API_KEY}"}},
            ),
        )
    )
    for words in ("Changed", "Unchanged", "Added", "Invalid", "Asks for a value"):
        assert f">{words}</span>" in page
    assert "mcpServers.both" in page
    assert 'name="value:API_KEY"' in page
    assert set(hidden(page)["only"]) == {"old", "fresh", "asking"}
    assert set(Service.objects.values_list("name", flat=True)) == {"old", "same"}


def test_what_was_previewed_is_saved_with_the_values_given(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b={"command": "npx", "env": {"KEY": "${API_KEY}"}})))
    results = text_of(save(admin, page, **{"value:API_KEY": "top-secret-1"}))
    assert results.count(">Created</span>") == 2
    assert secrets.reveal(Service.objects.get(name="b")).env == {"KEY": "top-secret-1"}
    assert "top-secret-1" not in results


def test_only_the_ticked_ones_are_saved(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b=GOOD)))
    save(admin, page, only=["b"])
    assert list(Service.objects.values_list("name", flat=True)) == ["b"]
    assert "Nothing was chosen" in text_of(save(admin, page, only=[]))


def test_a_bad_entry_does_not_keep_the_good_ones_back(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b={"command": "npx", "env": {"K": "${API_KEY}"}})))
    answer = save(admin, page)
    results = text_of(answer)
    assert answer.status_code == 200
    assert ">Created</span>" in results
    assert ">Invalid</span>" in results
    assert "Correct the document above" in results
    assert Service.objects.get().name == "a"


def test_a_corrected_name_is_offered_and_used_only_when_chosen(admin: Client) -> None:
    page = text_of(preview(admin, json.dumps({"mcpServers": {"my weather": GOOD}})))
    offered = re.search(r'name="use" value="([^"]+)"', page)
    assert offered
    assert "only" not in hidden(page)
    again = text_of(save(admin, page, use=html.unescape(offered[1])))
    assert ">Added</span>" in again
    assert not Service.objects.exists()
    save(admin, again)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", Service.objects.get().name)


@pytest.mark.parametrize("use", ["", "x", "[1]", '["a"]', "null", "[" * 50_000])
def test_a_made_up_correction_is_ignored(admin: Client, use: str) -> None:
    page = text_of(preview(admin, document(a=GOOD)))
    assert save(admin, page, use=use).status_code == 200


def test_an_operator_saves_addresses_but_no_commands(operator: Client) -> None:
    page = text_of(preview(operator, document(a=GOOD, b={"command": "npx"})))
    assert ">Invalid</span>" in page
    assert hidden(page)["only"] == ["a"]
    save(operator, page, only=["a", "b"])
    assert Service.objects.get().name == "a"


@pytest.mark.parametrize("text", ["{", '"just text"', '{"mcpServers": 7}', "\0", '{"a": {}, "a": {}}'])
def test_a_document_that_cannot_be_read_says_where_and_why(admin: Client, text: str) -> None:
    answer = preview(admin, text)
    assert 'class="problem"' in text_of(answer) or ">Invalid</span>" in text_of(answer)
    assert not Service.objects.exists()


def test_a_file_is_read_and_comes_before_the_text(admin: Client) -> None:
    upload = SimpleUploadedFile("mcp.json", document(filed=GOOD).encode())
    page = text_of(admin.post("/import/", {"text": document(typed=GOOD), "file": upload}, headers=HTMX))
    assert "filed" in page
    assert "typed" not in page


def test_a_file_over_a_mebibyte_is_refused(admin: Client) -> None:
    upload = SimpleUploadedFile("mcp.json", b" " * (1024 * 1024 + 1))
    answer = admin.post("/import/", {"file": upload}, headers=HTMX)
    assert answer.status_code == 422
    assert "larger than 1 MiB" in text_of(answer)


def test_without_scripts_the_same_form_gives_whole_pages(admin: Client) -> None:
    page = text_of(admin.post("/import/", {"text": document(a=GOOD)}))
    assert "<html" in page
    done = admin.post("/import/", hidden(page))
    assert "<html" in text_of(done)
    assert Service.objects.get().name == "a"


def test_a_pasted_secret_is_not_in_the_answer(admin: Client) -> None:
    text = document(a={**GOOD, "headers": {"Authorization": "Bearer top-secret-1"}})
    pages = text_of(preview(admin, text)) + text_of(admin.post("/import/", {"text": text}))
    assert "top-secret" not in pages


@pytest.mark.parametrize("sealed", ["", "nonsense", "é", "gAAAAABk"])
def test_a_preview_that_is_not_ours_cannot_be_saved(admin: Client, sealed: str) -> None:
    answer = admin.post("/import/", {"step": "save", "sealed": sealed, "only": ["a"]}, headers=HTMX)
    assert answer.status_code == 422
    assert "out of date" in text_of(answer)


def test_a_preview_of_somebody_else_cannot_be_saved(admin: Client, operator: Client) -> None:
    page = text_of(preview(operator, document(a=GOOD)))
    assert save(admin, page).status_code == 422
    for foreign in ('{"env": {}}', "import:"):
        assert save(admin, page, sealed=secrets.seal(foreign)).status_code == 422
    assert not Service.objects.exists()


def test_nothing_in_a_document_becomes_markup(admin: Client) -> None:
    evil = "<script>alert(1)</script>"
    page = text_of(preview(admin, document(**{evil: {"url": evil}, "b": {"command": evil, "args": [evil]}})))
    assert evil not in page
