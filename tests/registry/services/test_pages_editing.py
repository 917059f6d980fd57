"""Changing one service in its form."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from registry.mcpjson import export as mcpjson_export
from registry.models import Role, Service
from registry.secrets import vault
from registry.services import register
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://weather.example.org/mcp"
WEB = {
    "httpUrl": URL + "?key=canary-0",
    "headers": {"Authorization": "Bearer canary-1", "X-Team": "canary-2"},
    "x-odd": {"kept": [1, None]},
    "tags": ["prod"],
}
STDIO = {"command": "npx -y server --token canary-3", "environment": {"A": "canary-4", "B": "2"}, "note": "n"}


@pytest.fixture(autouse=True)
def _exports_end() -> Iterator[None]:
    yield
    assert mcpjson_export.wait_idle(10)


def save(name: str, entry: dict[str, Any]) -> Service:
    (result,) = register.register({name: entry}, by="ann", role=Role.ADMIN, now=NOW)
    assert result.error is None
    return register.get(name)


def form_of(client: Client, name: str) -> dict[str, str]:
    """What a browser would send of the form as it was shown."""
    page = text_of(client.get(f"/services/{name}/edit/"))
    assert "canary" not in page
    shown = {
        tag[1]: html.unescape(tag[2])
        for tag in re.finditer(
            r'<(?:input type="(?:text|hidden|number)" name="(\w+)"[^>]*? value="([^"]*)")', page
        )
    }
    areas = re.finditer(r'<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    shown |= {area[1]: html.unescape(area[2]).replace("\n", "\r\n") for area in areas}
    chosen = re.finditer(r'<input type="radio" name="(\w+)" value="([^"]*)"[^>]* checked', page)
    shown |= {one[1]: one[2] for one in chosen}
    for select in re.finditer(r'<select name="(\w+)".*?</select>', page, re.DOTALL):
        found = re.search(r'value="(\w+)" selected', select[0])
        shown[select[1]] = found[1] if found else ""
    return {key: value for key, value in shown.items() if key != "csrfmiddlewaretoken"}


def edit(client: Client, name: str, fields: dict[str, str], **more: Any) -> Any:
    return client.post(f"/services/{name}/edit/", fields, **more)


def test_signed_out_viewer_and_unknown(viewer: Client, operator: Client) -> None:
    save("weather", WEB)
    assert Client().get("/services/weather/edit/").headers["Location"].startswith("/login/")
    assert viewer.get("/services/weather/edit/").status_code == 403
    assert edit(viewer, "weather", {}).status_code == 403
    assert operator.get("/services/nothing/edit/").status_code == 404
    assert operator.put("/services/weather/edit/").status_code == 405


def test_the_link_is_for_those_who_may(viewer: Client, operator: Client, admin: Client) -> None:
    save("weather", WEB)
    save("files", STDIO)
    shown = {
        name: [
            f"/services/{name}/edit/" in text_of(who.get(f"/services/{name}/"))
            for who in (viewer, operator, admin)
        ]
        for name in ("weather", "files")
    }
    assert shown == {"weather": [False, True, True], "files": [False, True, True]}


@pytest.mark.parametrize(("name", "entry"), [("weather", WEB), ("files", STDIO)])
def test_a_form_that_comes_back_untouched_changes_nothing(admin: Client, name: str, entry: Any) -> None:
    before = save(name, entry)
    answer = edit(admin, name, form_of(admin, name), follow=True)
    assert f"{name} was not changed" in text_of(answer)
    after = register.get(name)
    assert (after.entry, after.revision, after.approved_hash) == (
        before.entry,
        before.revision,
        before.approved_hash,
    )


def test_values_left_alone_stay_and_others_are_replaced(operator: Client) -> None:
    save("weather", WEB)
    fields = form_of(operator, "weather")
    assert sorted(fields["headers"].splitlines()) == ["Authorization: Bearer ••••••", "X-Team: ••••••"]
    fields["headers"] = "Authorization: Bearer ••••••\r\nX-Team: canary-new\r\nX-More: canary-more"
    fields["description"] = "Rain"
    answer = edit(operator, "weather", fields, follow=True)
    assert answer.redirect_chain == [("/services/weather/", 302)]
    assert "canary" not in text_of(answer)
    service = register.get("weather")
    assert vault.reveal(service).headers == {
        "Authorization": "Bearer canary-1",
        "X-Team": "canary-new",
        "X-More": "canary-more",
    }
    assert vault.reveal(service).url == WEB["httpUrl"]
    assert service.entry["x-odd"] == WEB["x-odd"]
    assert {"httpUrl", "headers"} <= service.entry.keys()
    assert (service.description, service.revision) == ("Rain", 2)


def test_a_command_line_is_shown_in_parts_and_keeps_what_it_hides(admin: Client) -> None:
    save("files", STDIO)
    fields = form_of(admin, "files")
    assert (fields["command"], fields["args"]) == ("npx", "-y\r\nserver\r\n--token\r\n••••••")
    edit(admin, "files", {**fields, "args": "-y\nserver@2\n--token\n••••••", "env": "A=••••••"})
    service = register.get("files")
    config = vault.reveal(service)
    assert (config.command, config.args) == ("npx", ("-y", "server@2", "--token", "canary-3"))
    assert config.env == {"A": "canary-4"}
    assert service.entry["note"] == "n"
    assert "env" not in service.entry


def test_another_transport_leaves_out_what_it_does_not_use(admin: Client) -> None:
    save("files", STDIO)
    edit(admin, "files", {**form_of(admin, "files"), "transport": "sse", "url": URL})
    service = register.get("files")
    assert service.transport == "sse"
    assert service.entry == {"type": "sse", "note": "n", "url": URL}


def test_a_link_that_advises_the_other_transport_chooses_it_and_saves_nothing(operator: Client) -> None:
    save("weather", WEB)
    page = text_of(operator.get("/services/weather/edit/?transport=sse"))
    assert "Nothing changes until you save." in page
    assert re.search(r'value="sse"[^>]*checked', page)
    assert register.get("weather").transport == "streamable-http"
    form = {**form_of(operator, "weather"), "transport": "sse"}
    assert operator.post("/services/weather/edit/", form).status_code == 302
    assert register.get("weather").transport == "sse"
    for other in ("stdio", "streamable-http", "no-such"):
        plain = text_of(operator.get(f"/services/weather/edit/?transport={other}"))
        assert ("until you save" in plain) is (other == "streamable-http")


def test_what_a_field_cannot_show_is_locked_and_stays(admin: Client) -> None:
    save("files", {"command": "sh", "args": ["-c", "one\ntwo", ""]})
    page = text_of(admin.get("/services/files/edit/"))
    assert "cannot show the value completely" in page
    edit(admin, "files", {**form_of(admin, "files"), "args": "lost", "description": "x"})
    service = register.get("files")
    assert service.entry["args"] == ["-c", "one\ntwo", ""]
    assert service.description == "x"


def test_stopped_stays_stopped(admin: Client) -> None:
    service = save("weather", {"url": URL, "disabled": False})
    register.set_desired(service.pk, "stopped", by="ann", now=NOW)
    edit(admin, "weather", {**form_of(admin, "weather"), "description": "x"})
    after = register.get("weather")
    assert (after.desired, after.entry["disabled"]) == ("stopped", True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "ftp://x/"}, "URL</a>:"),
        ({"headers": "Bad Name: x"}, "Headers</a>:"),
        ({"headers": "X-New: ••••••"}, "Type the value itself"),
        ({"transport": "stdio", "command": ""}, "Command</a>:"),
        ({"profile": "lazy"}, "Profile</a>:"),
        ({"timeout": "soon"}, "Tool call timeout</a>:"),
        ({"timeout": "3601"}, "Tool call timeout</a>:"),
        ({"auth": "a••••••"}, "Bearer token</a>:"),
    ],
)
def test_an_error_names_its_field_and_saves_nothing(admin: Client, change: Any, words: str) -> None:
    before = save("weather", WEB)
    answer = edit(admin, "weather", {**form_of(admin, "weather"), **change}, headers=HTMX)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert register.get("weather").entry == before.entry


def test_a_page_that_comes_back_puts_dots_where_secrets_were_typed(admin: Client) -> None:
    save("weather", WEB)
    fields = {**form_of(admin, "weather"), "headers": "A: canary-new", "profile": "lazy"}
    page = text_of(edit(admin, "weather", fields))
    assert "canary" not in page
    assert "Authorization: Bearer ••••••" in page


def test_token_and_timeout_are_kept_changed_and_taken_away(operator: Client) -> None:
    save("weather", {"url": URL, "auth": "canary-5", "timeout": 45000})
    fields = form_of(operator, "weather")
    assert (fields["auth"], fields["timeout"]) == ("••••••", "45")
    edit(operator, "weather", {**fields, "timeout": "1200"})
    service = register.get("weather")
    assert (service.timeout, vault.reveal(service).auth) == (1200, "canary-5")
    assert form_of(operator, "weather")["timeout"] == "1200"
    edit(operator, "weather", {**form_of(operator, "weather"), "auth": "Bearer canary-6", "timeout": "2.5"})
    service = register.get("weather")
    assert (service.timeout, vault.reveal(service).auth) == (2.5, "canary-6")
    edit(operator, "weather", {**form_of(operator, "weather"), "auth": "", "timeout": ""})
    assert register.get("weather").entry == {"url": URL}


def test_an_auth_object_is_locked_and_stays(operator: Client) -> None:
    save("weather", {"url": URL, "auth": {"type": "oauth", "scope": "a"}})
    edit(operator, "weather", {**form_of(operator, "weather"), "auth": "lost", "description": "x"})
    assert register.get("weather").entry["auth"] == {"type": "oauth", "scope": "a"}


def test_no_field_of_a_refused_form_shows_what_was_typed_as_a_secret(admin: Client) -> None:
    before = save("weather", {**WEB, "auth": "canary-5"})
    typed = {"url": "ftp://u:canary-7@x/?k=canary-8", "headers": "A: canary-9", "auth": "canary-10"}
    more = {"args": "--token\ncanary-11", "env": "A=canary-12", "command": "run --token canary-13"}
    for headers in ({}, HTMX):
        answer = edit(admin, "weather", {**form_of(admin, "weather"), **typed, **more}, headers=headers)
        assert answer.status_code == 422
        assert "canary" not in text_of(answer)
    after = register.get("weather")
    assert (after.entry, vault.reveal(after)) == (before.entry, vault.reveal(before))


def test_an_operator_may_not_edit_a_command_nor_send_values_elsewhere(operator: Client) -> None:
    before = save("files", STDIO)
    fields = {**form_of(operator, "files"), "description": "x", "tags": "prod"}
    answer = edit(operator, "files", {**fields, "args": "other"}, headers=HTMX)
    assert (answer.status_code, register.get("files").entry) == (422, before.entry)
    assert edit(operator, "files", fields, headers=HTMX).status_code == 200
    after = register.get("files")
    assert (after.description, after.tags) == ("x", ["prod"])
    assert vault.reveal(after) == vault.reveal(before)
    before = save("weather", WEB)
    fields = {**form_of(operator, "weather"), "url": "https://elsewhere.example/"}
    answer = edit(operator, "weather", fields, headers=HTMX)
    assert (answer.status_code, register.get("weather").entry) == (422, before.entry)


def test_an_older_form_is_refused_with_both_sides_and_saves_on_demand(
    operator: Client, admin: Client
) -> None:
    save("weather", WEB)
    mine = {**form_of(operator, "weather"), "headers": "X-Team: canary-mine", "description": "Mine"}
    edit(admin, "weather", {**form_of(admin, "weather"), "tags": "theirs"})
    theirs = register.get("weather")
    answer = edit(operator, "weather", mine, headers=HTMX)
    page = html.unescape(text_of(answer))
    assert answer.status_code == 409
    assert "canary" not in page
    assert re.search(r'<del>.*"theirs"</del>', page)
    assert re.search(r'<ins>.*"Mine"</ins>', page)
    assert register.get("weather").entry == theirs.entry
    over = re.search(r'name="over" value="([^"]+)"', page)
    assert over
    answer = edit(operator, "weather", {**mine, "over": over[1]}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/services/weather/"
    after = register.get("weather")
    assert (after.description, after.tags) == ("Mine", ["prod"])
    assert vault.reveal(after).headers == {"X-Team": "canary-mine"}


def test_a_changed_secret_alone_makes_a_form_old(operator: Client) -> None:
    save("weather", WEB)
    mine = {**form_of(operator, "weather"), "description": "Mine"}
    save("weather", {**WEB, "headers": {"Authorization": "Bearer canary-9", "X-Team": "canary-2"}})
    assert edit(operator, "weather", mine, headers=HTMX).status_code == 409


CHECKED = {"tool": "forecast", "arguments": {"city": "Berlin", "api_key": "canary-9"}, "expect": "°C"}


def whole_check(service: Service) -> dict[str, Any] | None:
    """The check with its secrets in it."""
    check = vault.reveal(service).check
    if check is None:
        return None
    return {"tool": check.tool, "arguments": dict(check.arguments), "expect": check.expect}


def test_the_functional_check_is_shown_changed_and_taken_away(admin: Client) -> None:
    service = save("weather", {"url": URL, "x-mcpstore-check": CHECKED})
    given = form_of(admin, "weather")
    assert given["check_tool"] == "forecast" and "Berlin" in given["check_arguments"]
    assert admin.post("/services/weather/edit/", given).status_code == 302
    service.refresh_from_db()
    assert whole_check(service) == CHECKED
    given = form_of(admin, "weather") | {"check_expect": "°F"}
    admin.post("/services/weather/edit/", given)
    service.refresh_from_db()
    assert whole_check(service) == CHECKED | {"expect": "°F"}
    admin.post("/services/weather/edit/", form_of(admin, "weather") | {"check_tool": ""})
    service.refresh_from_db()
    assert whole_check(service) is None


def test_arguments_of_the_functional_check_must_be_an_object(admin: Client) -> None:
    save("weather", {"url": URL})
    for wrong in ("{", "[1]"):
        given = form_of(admin, "weather") | {"check_tool": "forecast", "check_arguments": wrong}
        answer = admin.post("/services/weather/edit/", given)
        assert answer.status_code == 422
        assert "JSON" in text_of(answer)


def test_every_problem_of_a_refused_edit_is_told_at_once_each_at_its_field(operator: Client) -> None:
    save("weather", WEB)
    fields = form_of(operator, "weather")
    wrong = {**fields, "url": "ftp://weather.example.org/", "timeout": "-1", "depends_on": "nobody"}
    page = text_of(edit(operator, "weather", wrong, headers=HTMX))
    assert set(re.findall(r'data-field="id_(\w+)"', page)) == {"url", "timeout", "depends_on"}
    assert "canary" not in page
