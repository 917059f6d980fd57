"""Somebody may sign in from the first start on, with the password that was printed then."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from django.contrib.auth.models import User
from django.db import connection

from mcpstore_site import preparation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("beside", [True, False])
def test_the_printed_password_is_that_of_admin_and_is_given_once(beside: bool) -> None:
    """Whether it was made beside the migrations, or the tables were there without a user."""
    first = Future[tuple[str, str]]()
    first.set_result(preparation._first_password())
    password = preparation._admin(first if beside else None)
    assert password is not None
    assert len(password) >= 16
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert (admin.is_active, admin.is_staff, admin.is_superuser) == (True, True, True)
    assert preparation._admin(first) is None


def test_only_a_database_without_tables_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not preparation._is_new()
    monkeypatch.setattr(connection.introspection, "table_names", lambda: [])
    assert preparation._is_new()
