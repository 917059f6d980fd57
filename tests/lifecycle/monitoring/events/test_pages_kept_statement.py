"""The statement for all events is kept; who sees some services alone has one of their own."""

from __future__ import annotations

import pytest
from django.test import Client

from lifecycle.core.machine.states import State
from registry.models import Role
from tests.support.pages import make_change, make_service, text_of
from tests.support.scopes import scoped_client


@pytest.mark.django_db
def test_what_everybody_sees_is_not_kept_for_who_sees_some(viewer: Client) -> None:
    for name, tag in (("ours", "team-a"), ("theirs", "team-b")):
        make_change(make_service(name, tags=[tag]), State.HEALTHY)
    scoped = scoped_client(Role.VIEWER)
    for _once_more in range(2):
        assert "theirs" in text_of(viewer.get("/events/"))
        page = text_of(scoped.get("/events/"))
        assert "ours" in page
        assert "theirs" not in page
