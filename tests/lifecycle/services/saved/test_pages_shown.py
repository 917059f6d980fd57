"""The saved views below Services: one's own and what is shared, whether or not a worker has run."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import SavedView
from registry.models import Role
from tests.support.pages import make_worker, text_of
from tests.support.scopes import scoped_client


@pytest.mark.django_db
@pytest.mark.parametrize("ran", [True, False], ids=["a worker ran", "none ever ran"])
def test_nobody_is_shown_a_view_that_is_private_to_somebody_else(viewer: Client, ran: bool) -> None:
    if ran:
        make_worker()
    now = timezone.now()
    for name, shared in (("for-all", True), ("for-bob-alone", False)):
        SavedView.objects.create(
            owner="bob", name=name, query="q=x", shared=shared, created_at=now, updated_at=now
        )
    page = text_of(viewer.get("/services/"))
    assert "for-all" in page
    assert "for-bob-alone" not in page
    assert "for-all" not in text_of(scoped_client(Role.VIEWER).get("/services/"))


def test_two_people_in_turn_are_shown_their_own_views_each_time(viewer: Client, operator: Client) -> None:
    """The query behind the navigation is kept between requests: one for each person."""
    make_worker()
    now = timezone.now()
    people = {"viewer-1": viewer, "operator-1": operator}
    for owner in people:
        SavedView.objects.create(owner=owner, name=f"of-{owner}", query="q=x", created_at=now, updated_at=now)
    for owner, client in [*people.items()] * 2:
        page = text_of(client.get("/services/"))
        assert [other for other in people if f"of-{other}" in page] == [owner]
