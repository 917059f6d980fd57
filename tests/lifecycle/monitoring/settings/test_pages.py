"""The page Settings → Monitoring."""

from __future__ import annotations

import pytest
from django.test import Client

from lifecycle.core.monitoring.options import OPTIONS
from lifecycle.monitoring.settings import queries
from lifecycle.policies import operations as policies
from tests.support.pages import HTMX, text_of

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, SAVE, RESET = (f"/settings/monitoring/{end}" for end in ("", "save/", "reset/"))


def form_of(client: Client) -> dict[str, str]:
    """What a browser would send if nothing was typed."""
    return {field.name: str(field.value()) for field in client.get(PAGE).context["form"]}


def changed() -> dict[str, object]:
    return {line.option.name: line.value for line in queries.lines() if line.changed}


def test_signed_out_is_sent_to_sign_in() -> None:
    for address in (PAGE, SAVE, RESET):
        assert Client().get(address).headers["Location"].startswith("/login/?next=")


def test_everybody_sees_every_option_and_only_an_admin_may_change_them(
    viewer: Client, operator: Client, admin: Client
) -> None:
    for client in (viewer, operator):
        page = text_of(client.get(PAGE))
        assert "Only an admin can change these." in page
        assert "Save" not in page
        for address in (SAVE, RESET):
            assert client.post(address, {"cpu_threshold": "3"}).status_code == 403
    page = text_of(admin.get(PAGE))
    for option in OPTIONS.values():
        assert option.label in page
        assert option.name in page
    assert admin.get(SAVE).status_code == 405


def test_saving_the_form_as_it_is_changes_nothing(admin: Client) -> None:
    assert admin.post(SAVE, form_of(admin)).headers["Location"] == PAGE
    assert changed() == {}
    assert policies.changes_of("normal") == {}


def test_changed_options_are_saved_marked_and_reset(admin: Client) -> None:
    given = form_of(admin) | {"check_interval": "45", "alerts_enabled": "off", "export_format": "csv"}
    assert admin.post(SAVE, given, headers=HTMX).headers["HX-Redirect"] == PAGE
    assert changed() == {"check_interval": 45, "alerts_enabled": False, "export_format": "csv"}
    assert text_of(admin.get(PAGE)).count("<b>changed</b>") == 3
    assert admin.post(SAVE, form_of(admin) | {"check_interval": ""}).status_code == 302
    assert "check_interval" not in changed()
    assert admin.post(RESET).headers["Location"] == PAGE
    assert changed() == {}


def test_an_error_stands_beside_its_field(admin: Client) -> None:
    answer = admin.post(SAVE, form_of(admin) | {"memory_threshold": "0"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"memory_threshold": ["0 is out of range. Write 1 to 100."]}
    fragment = admin.post(SAVE, form_of(admin) | {"health_check_retries": "7"}, headers=HTMX)
    assert fragment.status_code == 422
    assert "Check retries" in text_of(fragment)
    assert changed() == {}
