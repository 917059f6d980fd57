"""Importing a document: preview, values, saving, results."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from registry.imports import chunks
from registry.imports import presenter as import_presenter
from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import secret_bundle
from registry.models import ConfigVersion, Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from tests.support.importing import (
    GOOD,
    check,
    document,
    hidden,
    names,
    preview,
    row,
    save,
    send,
    taken,
)
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db(transaction=True)


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
    for words in ("Will be changed", "Unchanged", "Will be added", "Needs correction", "Needs a value"):
        assert f">{words}</span>" in page
    assert "mcpServers.both" in page
    assert 'name="value:API_KEY"' in page
    assert taken(page) == {"old", "fresh", "asking"}
    assert "https://new.example.org/mcp&quot;</ins>" in page
    assert names() == {"old", "same"}


def test_what_was_previewed_is_saved_with_the_values_given(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b={"command": "npx", "env": {"KEY": "${API_KEY}"}})))
    results = text_of(save(admin, page, **{"value:API_KEY": "top-secret-1"}))
    assert "2 added" in results
    assert "import-form" not in results
    assert vault.reveal(Service.objects.get(name="b")).env == {"KEY": "top-secret-1"}
    assert "top-secret-1" not in results


@pytest.mark.parametrize("text", ['{"mcpServers": {}}', "[]"])
def test_a_document_without_a_service_is_said_to_be_one(admin: Client, text: str) -> None:
    page = text_of(preview(admin, text))
    assert "contains no service" in page
    assert "import-form" not in page


def test_a_value_that_was_given_is_shown_only_while_an_entry_left_to_save_asks_for_it(admin: Client) -> None:
    asks = {"url": "https://a.example.org/mcp", "headers": {"K": "${API_KEY}"}}
    page = text_of(preview(admin, document(a=asks, b=asks | {"command": "x"}, c={"url": "ftp://c"})))
    page = check(admin, page, **{"value:API_KEY": "top-secret-1"})
    assert "kept as entered" in page
    page = text_of(save(admin, page))
    assert "1 added" in page
    assert "kept as entered" in page
    page = check(admin, page, **{"text:1": json.dumps(asks)})
    page = text_of(save(admin, page))
    assert "ftp" in page
    assert "kept as entered" not in page


def test_of_a_locked_document_the_passphrase_is_asked_for_before_each_value(admin: Client) -> None:
    save(admin, text_of(preview(admin, document(a=GOOD | {"headers": {"K": "top-secret-1"}}))))
    locked = secret_bundle.export("correct horse battery", by="ann", now=timezone.now())
    Service.objects.all().delete()
    Secret.objects.all().delete()
    page = text_of(preview(admin, json.dumps(locked)))
    assert page.index("Export passphrase") < page.index("Enter them one by one")
    page = check(admin, page, passphrase="correct horse battery")
    assert "Enter them one by one" not in page
    assert "Missing values" not in page


def test_only_the_ticked_ones_are_saved(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b=GOOD)))
    page = check(admin, page, take=["1"])
    assert taken(page) == {"b"}
    left = text_of(save(admin, page))
    assert names() == {"b"}
    assert "1 added" in left
    assert taken(left) == set()
    assert "Nothing was selected" in text_of(save(admin, left))
    save(admin, left, take=["0"])
    assert names() == {"a", "b"}


def test_an_operator_saves_addresses_but_no_commands(operator: Client) -> None:
    page = text_of(preview(operator, document(a=GOOD, b={"command": "npx"})))
    assert ">Needs an admin</span>" in page
    assert "only an admin can add" in row(page, "b")
    assert "<textarea" not in row(page, "b")
    assert taken(page) == {"a"}
    save(operator, page, take=["0", "1"])
    assert names() == {"a"}


def test_replacing_is_a_choice_and_names_what_it_removes(operator: Client) -> None:
    save(operator, text_of(preview(operator, document(a=GOOD, b=GOOD, c=GOOD))))
    page = text_of(preview(operator, document(a=GOOD, d=GOOD)))
    assert re.search(r'name="replace" value="1">', page)
    assert set(hidden(page)["remove"]) == {"b", "c"}
    save(operator, page)
    assert names() == {"a", "b", "c", "d"}
    page = check(operator, page, replace="1", remove=["b"])
    assert hidden(page)["remove"] == ["b"]
    asked = text_of(save(operator, page))
    assert "One service will be removed." in asked
    assert names() == {"a", "b", "c", "d"}
    done = text_of(save(operator, asked))
    assert "1 removed" in done
    assert names() == {"a", "c", "d"}


@pytest.mark.django_db(transaction=True)
def test_replacing_many_asks_with_their_number_and_removes_them_together(
    operator: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    many = {f"s{number:03}": GOOD for number in range(303)}
    register.register({"mcpServers": many}, by="ann", role=Role.ADMIN, now=timezone.now())
    assert mcpjson_export.wait_idle(20)
    before = ConfigVersion.objects.count()
    page = text_of(preview(operator, document(a=GOOD)))
    page = check(operator, page, replace="1")
    asked = text_of(save(operator, page))
    assert "303 services will be removed." in asked
    assert "302" not in asked
    done = text_of(save(operator, asked))
    while 'id="import-going"' in done:
        done = text_of(send(operator, done))
    assert names() == {"a"}
    assert mcpjson_export.wait_idle(20)
    made = ConfigVersion.objects.order_by("number")[before:]
    assert 1 <= len(made) <= 2
    assert {version.author for version in made} == {"operator-1"}


def test_a_service_that_another_one_needs_stays_when_that_one_stays(operator: Client) -> None:
    chain = {"a": {**GOOD, "dependsOn": ["b"]}, "b": {**GOOD, "dependsOn": ["c"]}, "c": GOOD, "d": GOOD}
    register.register({"mcpServers": chain}, by="ann", role=Role.ADMIN, now=timezone.now())
    kept = register.remove_all(["b", "c", "d", "gone"], by="ann", now=timezone.now())
    assert {name: error and error.needed_by for name, error in kept.items()} == {
        "b": ["a"],
        "c": ["b"],
        "d": None,
    }
    assert names() == {"a", "b", "c"}


def test_a_large_document_is_saved_in_portions_that_the_page_asks_for(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "PORTION", 4)
    monkeypatch.setattr(import_presenter, "SHOWN", 3)
    entries = {f"s{n}": {**GOOD, "dependsOn": [f"s{n + 1}"]} for n in range(9)}
    page = text_of(preview(admin, document(**entries, s9=GOOD, bad={"url": "ftp://x.example"})))
    assert len(taken(page)) == 3
    assert "7 more not shown here." in page
    seen = []
    page = text_of(save(admin, page))
    while 'id="import-going"' in page:
        seen.append(re.findall(r"(\d+) of 10 done", page)[0])
        assert 'hx-trigger="load' in page
        page = text_of(send(admin, page))
    assert seen == ["4", "8"]
    assert "10 added" in page
    assert "mcpServers.bad" in page
    assert names() == {f"s{n}" for n in range(10)}


@pytest.mark.parametrize("text", ["{", '"just text"', '{"mcpServers": 7}', "\0", '{"a": {}, "a": {}}'])
def test_a_document_that_cannot_be_read_says_where_and_why(admin: Client, text: str) -> None:
    answer = preview(admin, text)
    assert 'class="problem"' in text_of(answer) or ">Needs correction</span>" in text_of(answer)
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
    done = admin.post("/import/", {**hidden(page), "step": "save"})
    assert "<html" in text_of(done)
    assert Service.objects.get().name == "a"


def test_a_pasted_secret_is_not_in_the_answer(admin: Client) -> None:
    text = document(a={**GOOD, "headers": {"Authorization": "Bearer top-secret-1"}})
    pages = text_of(preview(admin, text)) + text_of(admin.post("/import/", {"text": text}))
    assert "top-secret" not in pages


@pytest.mark.parametrize("sealed", ["", "nonsense", "é", "gAAAAABk"])
def test_a_preview_that_is_not_ours_cannot_be_saved(admin: Client, sealed: str) -> None:
    answer = admin.post("/import/", {"step": "save", "sealed": sealed, "take": ["0"]}, headers=HTMX)
    assert answer.status_code == 422
    assert "out of date" in text_of(answer)


def test_a_preview_of_somebody_else_cannot_be_saved(admin: Client, operator: Client) -> None:
    page = text_of(preview(operator, document(a=GOOD)))
    assert save(admin, page).status_code == 422
    for foreign in ('{"env": {}}', "import:"):
        assert save(admin, page, sealed=vault.seal(foreign)).status_code == 422
    assert not Service.objects.exists()


def test_nothing_in_a_document_becomes_markup(admin: Client) -> None:
    evil = "<script>alert(1)</script>"
    page = text_of(preview(admin, document(**{evil: {"url": evil}, "b": {"command": evil, "args": [evil]}})))
    assert evil not in page
