"""Many at once, on a real web process."""

from __future__ import annotations

import json

import httpx2
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mcpstore_site.benchmarks.support import crowd
from registry.access import tokens
from registry.models import Role, Service
from tests.mcpstore_site.serving.test_serving import SignOuts, busy_database
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 300


@pytest.fixture
def token(transactional_db: None) -> str:
    return tokens.issue(User.objects.create_superuser("ann"), Role.ADMIN, timezone.now())


def test_hundreds_of_registrations_at_once_are_all_saved_and_none_is_refused(web: Web, token: str) -> None:
    bodies = [json.dumps({f"s{n}": {"url": f"https://a.example/{n}"}}).encode() for n in range(MANY)]
    asked = [crowd.request("POST", "/api/v1/services", token, body) for body in bodies]
    found = crowd.all_at_once(web.port, asked)
    assert found.statuses == {200: MANY}
    assert Service.objects.count() == MANY


def test_pages_show_while_all_who_write_wait_for_the_database(web: Web, cookie: str) -> None:
    sign_outs, headers = SignOuts(web, 12), {"Cookie": cookie}
    with httpx2.Client(base_url=web.address, headers=headers, timeout=10, trust_env=False) as browser:
        # Once a minute a page notes that its person is there, which is a write.
        assert browser.get("/services/").status_code == 200
        with busy_database():
            sign_outs.start()
            assert browser.get("/services/").status_code == 200
    sign_outs.join()
    assert sign_outs.statuses == [302] * 12
