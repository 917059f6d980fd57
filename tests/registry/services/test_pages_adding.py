"""Adding a service by its form, and removing one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.models import Role, Service
from registry.secrets import vault
from registry.services import register
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db(transaction=True)
WEB = {
    "name": "weather",
    "transport": "streamable-http",
    "url": "https://weather.example.org/mcp",
    "headers": "Authorization: Bearer top-secret-1\n\nX-Team: a",
    "tags": "prod, docs",
    "profile": "critical",
    "priority": "high",
    "auth": "bearer top-secret-3",
    "timeout": "1200",
}
STDIO = {
    "name": "files",
    "transport": "stdio",
    "command": "npx",
    "args": "-y\n@modelcontextprotocol/server-filesystem\n/srv/my files",
    "env": "API_TOKEN=top-secret-2=",
    "url": "https://left.over.example/",
    "profile": "normal",
    "priority": "normal",
}


def add(client: Client, fields: dict[str, Any], **more: Any) -> Any:
    return client.post("/add/", fields, **more)


def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get("/add/").headers["Location"] == "/login/?next=/add/"


def test_a_viewer_may_not_add(viewer: Client) -> None:
    assert viewer.get("/add/").status_code == 403
    assert add(viewer, WEB).status_code == 403


def test_other_methods_are_refused(operator: Client) -> None:
    assert operator.put("/add/").status_code == 405


def test_an_operator_adds_an_address(operator: Client) -> None:
    answer = add(operator, WEB, follow=True)
    assert answer.redirect_chain == [("/services/weather/", 302)]
    assert "weather saved" in text_of(answer)
    service = Service.objects.get()
    assert (service.transport, service.profile, service.priority) == ("streamable-http", "critical", "high")
    assert service.tags == ["prod", "docs"]
    config = vault.reveal(service)
    assert config.headers == {"Authorization": "Bearer top-secret-1", "X-Team": "a"}
    assert (config.auth, config.timeout) == ("top-secret-3", 1200)
    assert "top-secret" not in text_of(answer)


def test_htmx_is_led_to_the_new_page(operator: Client) -> None:
    assert add(operator, WEB, headers=HTMX).headers["HX-Redirect"] == "/services/weather/"


def test_an_admin_adds_a_command_and_what_stdio_does_not_use_is_left_out(admin: Client) -> None:
    add(admin, STDIO)
    config = vault.reveal(Service.objects.get())
    assert config.args == ("-y", "@modelcontextprotocol/server-filesystem", "/srv/my files")
    assert config.env == {"API_TOKEN": "top-secret-2="}
    assert config.url == ""


def test_an_operator_may_not_add_a_command(operator: Client) -> None:
    answer = add(operator, STDIO, headers=HTMX)
    assert answer.status_code == 422
    assert "admin" in text_of(answer)
    assert not Service.objects.exists()


def test_a_name_that_is_taken_is_a_conflict_and_changes_nothing(operator: Client) -> None:
    before = make_service()
    answer = add(operator, WEB, headers=HTMX)
    assert answer.status_code == 409
    assert "A service with this name already exists" in text_of(answer)
    assert Service.objects.get().entry == before.entry


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "my weather"}, "&quot;my-weather&quot;"),
        ({"name": ""}, "This field is required"),
        ({"url": ""}, "URL"),
        ({"url": "ftp://weather.example/"}, "URL"),
        ({"headers": "no colon"}, "Line 1 does not have the form “Name: value”"),
        ({"headers": "Bad Name: x"}, "Headers"),
        ({"profile": "lazy"}, "Profile"),
        ({"transport": "pigeon"}, "Transport"),
        ({"transport": "stdio", "command": ""}, "Command"),
    ],
)
def test_an_error_names_its_field_and_saves_nothing(admin: Client, change: Any, words: str) -> None:
    answer = add(admin, {**WEB, **change}, headers=HTMX)
    page = text_of(answer)
    assert answer.status_code == 422
    assert page.startswith('<div id="form-errors"')
    assert words in page
    assert not Service.objects.exists()


def test_a_form_that_comes_back_has_forgotten_its_secrets(admin: Client) -> None:
    bad = {**WEB, "name": "my weather", "env": "A=top-secret-2", "args": "--key=top-secret-3"}
    page = text_of(add(admin, {**bad, "url": "https://x.example/?key=top-secret-4"}))
    assert "<html" in page
    assert "top-secret" not in page
    assert 'value="my weather"' in page


def test_what_was_typed_does_not_become_markup(admin: Client) -> None:
    page = text_of(add(admin, {**WEB, "name": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in page


def test_removing_takes_a_service_off_the_list(operator: Client) -> None:
    make_service()
    answer = operator.post("/services/weather/remove/", follow=True)
    assert answer.redirect_chain == [("/services/", 302)]
    assert "weather removed" in text_of(answer)
    assert Service.objects.get().removed_at


def test_removing_takes_a_post_and_a_service(operator: Client) -> None:
    assert operator.post("/services/weather/remove/").status_code == 404
    make_service()
    assert operator.get("/services/weather/remove/").status_code == 405
    answer = operator.post("/services/weather/remove/", headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/services/"


def test_what_others_need_is_removed_only_by_force(operator: Client) -> None:
    entries = {"maps": {"url": WEB["url"]}, "weather": {"url": WEB["url"], "dependsOn": ["maps"]}}
    register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
    answer = operator.post("/services/maps/remove/", follow=True)
    assert "weather depends on maps" in text_of(answer)
    assert Service.objects.listed().filter(name="maps").exists()
    operator.post("/services/maps/remove/", {"force": "1"})
    assert set(Service.objects.listed().values_list("name", flat=True)) == {"weather"}


def test_every_problem_of_a_refused_form_is_told_at_once_each_at_its_field(admin: Client) -> None:
    make_service("weather")
    wrong = {**WEB, "url": "ftp://weather.example.org/", "headers": "No colon", "timeout": "-1", "tags": "a"}
    page = text_of(add(admin, {**wrong, "depends_on": "nobody"}, headers=HTMX))
    told = set(re.findall(r'data-field="id_(\w+)"', page))
    assert told == {"name", "url", "headers", "timeout", "depends_on"}
    assert Service.objects.count() == 1
