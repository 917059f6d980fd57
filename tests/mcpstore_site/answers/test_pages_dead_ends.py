"""Addresses that only take what a form sends, opened as pages: after signing in anew, for instance."""

from __future__ import annotations

import pytest
from django.test import AsyncClient, Client

from tests.support.pages import make_service, text_of

pytestmark = pytest.mark.django_db(transaction=True)
FORMS = ["/services/weather/remove/", "/services/weather/ask/stop/", "/versions/1/rollback/", "/logout/"]


@pytest.mark.parametrize("address", FORMS)
def test_a_page_says_that_nothing_was_done_and_leads_on(admin: Client, address: str) -> None:
    make_service()
    answer = admin.get(address)
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert "Nothing was done" in text_of(answer)
    assert 'href="/"' in text_of(answer)


def test_other_methods_and_programs_get_no_page(admin: Client) -> None:
    assert admin.put("/add/").content == b""
    assert b"Nothing was done" not in admin.get("/api/v1/imports").content


async def test_it_is_so_in_the_event_loop_of_the_server_too(async_client: AsyncClient) -> None:
    answer = await async_client.get("/logout/")
    assert answer.status_code == 405
    assert "Nothing was done" in answer.content.decode()
