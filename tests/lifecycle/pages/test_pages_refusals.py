"""What is missing, and who can give it: on the page and in the message of a 403."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from registry.models import Role
from tests.support.pages import HTMX, make_service, text_of
from tests.support.scopes import person_of, scoped_client

pytestmark = pytest.mark.django_db
NEEDS_ROLE = "This requires the role Operator. Your role is Viewer."
NEEDS_ALL = "This concerns all services, but your account only sees some: tags team-a."


@pytest.fixture
def people() -> None:
    make_service("ours", tags=["team-a"])
    for name, active in (("root-ann", True), ("root-gone", False)):
        person = person_of(Role.ADMIN, name=name)
        person.last_login, person.is_active = timezone.now(), active
        person.save()
    person_of(Role.ADMIN, name="never-there")


def test_a_missing_role_is_named_with_who_can_change_it(people: None, viewer: Client) -> None:
    page = text_of(viewer.get("/add/"))
    assert NEEDS_ROLE in page and "root-ann (admin) can change that under People." in page
    assert "root-gone" not in page and "never-there" not in page


def test_a_scope_that_shuts_out_is_named_with_who_can_change_it(people: None) -> None:
    browser = scoped_client(Role.OPERATOR)
    page = text_of(browser.get("/versions/drift/"))
    assert NEEDS_ALL in page and "root-ann" in page and "requires the role" not in page


def test_who_lacks_both_is_told_of_the_role_first(people: None) -> None:
    page = text_of(scoped_client(Role.VIEWER).get("/versions/drift/"))
    assert NEEDS_ROLE in page and "concerns all services" not in page


def test_a_fragment_says_it_in_a_message(people: None) -> None:
    answer = scoped_client(Role.OPERATOR).post("/versions/drift/take/", headers=HTMX)
    assert answer.status_code == 403 and NEEDS_ALL in text_of(answer)
    assert answer.headers["HX-Retarget"] == "#messages"


def test_without_an_admin_the_page_still_says_where(viewer: Client) -> None:
    assert "An admin of this console can change that under People." in text_of(viewer.get("/add/"))
