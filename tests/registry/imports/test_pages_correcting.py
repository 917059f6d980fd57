"""Importing a document with something wrong in it: correcting in place, and trying again."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.test import Client

from registry.imports import presenter as import_presenter
from registry.models import Service
from registry.secrets import vault
from tests.support.importing import (
    GOOD,
    check,
    document,
    entry_of,
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
    assert "provided</span>" in page
    assert "top-secret" not in page
    save(admin, page, **{"value:API_KEY": "top-secret-3"})
    assert names() == {"asks", "both"}
    assert vault.reveal(Service.objects.get(name="both")).env == {"K": "top-secret-1", "L": "top-secret-3"}
    assert vault.reveal(Service.objects.get(name="asks")).auth == "top-secret-2"
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
    config = vault.reveal(Service.objects.get(name="b"))
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


def test_what_somebody_else_changed_meanwhile_is_looked_at_again(admin: Client, operator: Client) -> None:
    mine = document(a={**GOOD, "tags": ["mine"]}, b=GOOD)
    page = text_of(preview(admin, mine))
    save(operator, text_of(preview(operator, document(other=GOOD))))
    page = check(admin, page)
    save(operator, text_of(preview(operator, document(a={**GOOD, "tags": ["theirs"]}))))
    answer = save(admin, page)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "These services were changed" in page
    assert "Will be changed" in page
    assert "&quot;theirs&quot;" in page
    assert Service.objects.get(name="a").tags == ["theirs"]
    save(operator, text_of(preview(operator, document(unrelated=GOOD))))
    assert save(admin, page).status_code == 200
    assert names() == {"a", "b", "other", "unrelated"}
    assert Service.objects.get(name="a").tags == ["mine"]


def test_what_is_not_shown_can_be_left_out(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_presenter, "SHOWN", 2)
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
    assert vault.reveal(Service.objects.get(name="b")).auth == "top-secret-1"
