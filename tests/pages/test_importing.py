"""Importing a document: preview, correction, values, saving, results."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from registry import carrying, portions, secrets
from registry.models import Secret, Service
from registry.views import import_page
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


def send(client: Client, page: str, **fields: Any) -> Any:
    """Press a button of the preview: its own fields, and *fields* over them."""
    return client.post("/import/", {**hidden(page), **fields}, headers=HTMX)


def save(client: Client, page: str, **fields: Any) -> Any:
    return send(client, page, step="save", **fields)


def check(client: Client, page: str, **fields: Any) -> str:
    return text_of(send(client, page, step="check", **fields))


def names() -> set[str]:
    return set(Service.objects.listed().values_list("name", flat=True))


def row(page: str, name: str) -> str:
    """The row of the preview under this name."""
    found = [part for part in page.split("<tr") if re.search(rf'<th scope="row">{re.escape(name)}<', part)]
    assert found, name
    return found[0]


def taken(page: str) -> set[str]:
    """Names that are ticked."""
    found = re.findall(r'name="take" value="\d+" checked aria-label="Take ([^"]+)"', page)
    return {html.unescape(name) for name in found}


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
    for words in ("Will be changed", "Unchanged", "Will be added", "To correct", "Asks for a value"):
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
    assert secrets.reveal(Service.objects.get(name="b")).env == {"KEY": "top-secret-1"}
    assert "top-secret-1" not in results


@pytest.mark.parametrize("text", ['{"mcpServers": {}}', "[]"])
def test_a_document_without_a_service_is_said_to_be_one(admin: Client, text: str) -> None:
    page = text_of(preview(admin, text))
    assert "names no service" in page
    assert "import-form" not in page


def test_a_value_that_was_given_is_shown_only_while_an_entry_left_to_save_asks_for_it(admin: Client) -> None:
    asks = {"url": "https://a.example.org/mcp", "headers": {"K": "${API_KEY}"}}
    page = text_of(preview(admin, document(a=asks, b=asks | {"command": "x"}, c={"url": "ftp://c"})))
    page = check(admin, page, **{"value:API_KEY": "top-secret-1"})
    assert "kept as you gave it" in page
    page = text_of(save(admin, page))
    assert "1 added" in page
    assert "kept as you gave it" in page
    page = check(admin, page, **{"text:1": json.dumps(asks)})
    page = text_of(save(admin, page))
    assert "ftp" in page
    assert "kept as you gave it" not in page


def test_of_a_locked_document_the_passphrase_is_asked_for_before_each_value(admin: Client) -> None:
    save(admin, text_of(preview(admin, document(a=GOOD | {"headers": {"K": "top-secret-1"}}))))
    locked = carrying.export("correct horse battery", by="ann", now=timezone.now())
    Service.objects.all().delete()
    Secret.objects.all().delete()
    page = text_of(preview(admin, json.dumps(locked)))
    assert page.index("Passphrase of the export") < page.index("Type them one by one")
    page = check(admin, page, passphrase="correct horse battery")
    assert "Type them one by one" not in page
    assert "Values that the document leaves open" not in page


def test_only_the_ticked_ones_are_saved(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b=GOOD)))
    page = check(admin, page, take=["1"])
    assert taken(page) == {"b"}
    left = text_of(save(admin, page))
    assert names() == {"b"}
    assert "1 added" in left
    assert taken(left) == set()
    assert "Nothing was chosen" in text_of(save(admin, left))
    save(admin, left, take=["0"])
    assert names() == {"a", "b"}


def test_what_cannot_be_saved_stays_to_be_corrected_and_tried_again(admin: Client) -> None:
    page = text_of(preview(admin, document(a=GOOD, b={"command": "npx", "env": {"K": "${API_KEY}"}})))
    answer = save(admin, page)
    page = text_of(answer)
    assert answer.status_code == 200
    assert "1 added" in page
    assert "1 not saved" in page
    assert names() == {"a"}
    assert taken(page) == {"b"}
    page = text_of(save(admin, page, **{"value:API_KEY": "top-secret-1"}))
    assert "2 added" in page
    assert names() == {"a", "b"}


def test_when_nothing_could_be_saved_the_status_says_so(admin: Client) -> None:
    page = text_of(preview(admin, document(b={"command": "npx", "env": {"K": "${API_KEY}"}})))
    answer = save(admin, page)
    assert answer.status_code == 422
    assert "Nothing could be saved" in text_of(answer)


def test_an_entry_is_corrected_in_place_and_the_rest_of_the_page_stays(admin: Client) -> None:
    both = {"command": "npx", "url": "https://x.example/", "env": {"K": "top-secret-1", "L": "${API_KEY}"}}
    page = text_of(preview(admin, document(both=both, good=GOOD, asks={**GOOD, "auth": "${TOKEN}"})))
    assert "top-secret" not in page
    typed = entry_of(page, 0)
    del typed["url"]
    typed["x-odd"] = {"kept": 1}
    page = check(
        admin,
        page,
        take=["2"],
        **{"text:0": json.dumps(typed), "value:TOKEN": "top-secret-2"},
    )
    assert "to-mend" not in page
    assert taken(page) == {"asks", "both"}
    assert "given</span>" in page
    assert "top-secret" not in page
    save(admin, page, **{"value:API_KEY": "top-secret-3"})
    assert names() == {"asks", "both"}
    assert secrets.reveal(Service.objects.get(name="both")).env == {"K": "top-secret-1", "L": "top-secret-3"}
    assert secrets.reveal(Service.objects.get(name="asks")).auth == "top-secret-2"
    assert Service.objects.get(name="both").entry["x-odd"] == {"kept": 1}


def test_a_correction_that_cannot_be_read_stays_in_its_field(admin: Client) -> None:
    page = text_of(preview(admin, document(bad={"url": "ftp://x.example/"}, good=GOOD)))
    page = check(admin, page, **{"text:0": '{"url": "top-secret-9'})
    assert "mcpServers.bad" in row(page, "bad")
    assert "a text that does not end" in row(page, "bad")
    assert 'hx-preserve="true"' in row(page, "bad")
    assert "top-secret" not in page
    page = check(admin, page, **{"text:0": '{"url": "https://x.example/?key=top-secret-8"}'})
    assert taken(page) == {"bad", "good"}
    assert "top-secret" not in page


def test_one_correction_may_follow_another(admin: Client) -> None:
    page = text_of(preview(admin, document(a={"url": "ftp://x.example/", "auth": "top-secret-1"})))
    page = check(admin, page, **{"text:0": '{"url": "ftp://y.example/", "auth": "top-secret-2"}'})
    typed = entry_of(page, 0)
    assert "top-secret" not in page
    page = check(admin, page, **{"text:0": json.dumps({**typed, "url": "https://y.example/"}), "name:0": "b"})
    save(admin, page)
    config = secrets.reveal(Service.objects.get(name="b"))
    assert (config.url, config.auth) == ("https://y.example/", "top-secret-2")


def test_of_a_key_given_twice_the_one_shown_is_taken_when_asked_for(admin: Client) -> None:
    page = text_of(preview(admin, '{"a": {"command": "x"}, "a": {"command": "y"}}'))
    assert "is given twice" in page
    shown = json.dumps(entry_of(page, 0))
    assert "is given twice" in check(admin, page, **{"text:0": json.dumps(entry_of(page, 0), indent=2)})
    page = text_of(send(admin, page, fix="0", **{"text:0": shown}))
    assert taken(page) == {"a"}
    save(admin, page)
    assert Service.objects.get().entry["command"] == "x"


def entry_of(page: str, number: int) -> Any:
    """What stands in the field of an entry that is to be corrected."""
    found = re.search(rf'<textarea id="text-{number}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return json.loads(html.unescape(found[1]))


def test_a_corrected_name_is_offered_and_used_only_when_chosen(admin: Client) -> None:
    page = text_of(preview(admin, json.dumps({"mcpServers": {"my weather": GOOD}})))
    offered = re.search(r'name="use" value="([^"]+)"', page)
    assert offered
    assert taken(page) == set()
    again = text_of(send(admin, page, use=html.unescape(offered[1]), **{"name:0": "my weather"}))
    assert taken(again) == {"my-weather"}
    assert not Service.objects.exists()
    save(admin, again)
    assert names() == {"my-weather"}


@pytest.mark.parametrize("use", ["", "x", "0", "0 ", "99 x", "[" * 50_000])
def test_a_made_up_correction_is_ignored(admin: Client, use: str) -> None:
    page = text_of(preview(admin, document(a=GOOD)))
    answer = send(admin, page, use=use, fix="77", **{"name:x": "b", "text:-1": "{}", "name:5": "c"})
    assert answer.status_code == 200
    assert taken(text_of(answer)) == {"a"}


def test_an_operator_saves_addresses_but_no_commands(operator: Client) -> None:
    page = text_of(preview(operator, document(a=GOOD, b={"command": "npx"})))
    assert ">Needs an admin</span>" in page
    assert "only an admin may add" in row(page, "b")
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
    done = text_of(save(operator, page))
    assert "1 removed" in done
    assert names() == {"a", "c", "d"}


def test_a_large_document_is_saved_in_portions_that_the_page_asks_for(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "PORTION", 4)
    monkeypatch.setattr(import_page, "SHOWN", 3)
    entries = {f"s{n}": {**GOOD, "dependsOn": [f"s{n + 1}"]} for n in range(9)}
    page = text_of(preview(admin, document(**entries, s9=GOOD, bad={"url": "ftp://x.example"})))
    assert len(taken(page)) == 3
    assert "And 7 more, not shown here." in page
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


def test_what_somebody_else_changed_meanwhile_is_looked_at_again(admin: Client, operator: Client) -> None:
    mine = document(a={**GOOD, "tags": ["mine"]}, b=GOOD)
    page = text_of(preview(admin, mine))
    save(operator, text_of(preview(operator, document(other=GOOD))))
    page = check(admin, page)
    save(operator, text_of(preview(operator, document(a={**GOOD, "tags": ["theirs"]}))))
    answer = save(admin, page)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody changed these services" in page
    assert "Will be changed" in page
    assert "&quot;theirs&quot;" in page
    assert Service.objects.get(name="a").tags == ["theirs"]
    save(operator, text_of(preview(operator, document(unrelated=GOOD))))
    assert save(admin, page).status_code == 200
    assert names() == {"a", "b", "other", "unrelated"}
    assert Service.objects.get(name="a").tags == ["mine"]


def test_what_is_not_shown_can_be_left_out(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_page, "SHOWN", 2)
    page = text_of(preview(admin, document(a=GOOD, b=GOOD, c=GOOD, d=GOOD)))
    fields = hidden(page)
    del fields["rest"]
    admin.post("/import/", {**fields, "step": "save"}, headers=HTMX)
    assert names() == {"a", "b"}


def test_values_that_were_typed_outlive_a_new_paste(admin: Client) -> None:
    asks = {**GOOD, "auth": "${TOKEN}"}
    page = text_of(preview(admin, document(a=asks)))
    kept = {"sealed": hidden(page)["sealed"], "value:TOKEN": "top-secret-1"}
    page = text_of(admin.post("/import/", {"text": document(b=asks), **kept}, headers=HTMX))
    save(admin, page)
    assert secrets.reveal(Service.objects.get(name="b")).auth == "top-secret-1"


@pytest.mark.parametrize("text", ["{", '"just text"', '{"mcpServers": 7}', "\0", '{"a": {}, "a": {}}'])
def test_a_document_that_cannot_be_read_says_where_and_why(admin: Client, text: str) -> None:
    answer = preview(admin, text)
    assert 'class="problem"' in text_of(answer) or ">To correct</span>" in text_of(answer)
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
        assert save(admin, page, sealed=secrets.seal(foreign)).status_code == 422
    assert not Service.objects.exists()


def test_nothing_in_a_document_becomes_markup(admin: Client) -> None:
    evil = "<script>alert(1)</script>"
    page = text_of(preview(admin, document(**{evil: {"url": evil}, "b": {"command": evil, "args": [evil]}})))
    assert evil not in page
