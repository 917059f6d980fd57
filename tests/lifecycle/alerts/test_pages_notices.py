"""The bell on every page: what it counts and lists, and what a browser is given to notify of."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.episodes import operations
from lifecycle.alerts.episodes.listing import notices
from lifecycle.core.machine.states import State as S
from lifecycle.live import rendering
from lifecycle.models import Channel, Episode
from registry.core.scope import Scope
from registry.models import Role
from registry.models.limits import within
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.pages import HTMX, make_worker, signed_in
from tests.support.scopes import TEAM_A, scoped_client

pytestmark = pytest.mark.django_db
LIST, NEW = "/alerts/notices/", "/alerts/notices/new/"
ASKED = {**HTMX, "HX-Target": "notice-list"}


def failing(fleet: Fleet, log_channel: Channel, *names: str, **fields: Any) -> list[Episode]:
    for name in names:
        fleet.move(fleet.service(name, **fields), S.UNREACHABLE, at(10))
    return list(Episode.objects.order_by("pk"))


def counted(html: str) -> int | None:
    """The number beside the bell; None where it is hidden."""
    found = re.search(r'id="bell-count" class="badge"( hidden)?[^>]*>(\d+)<', html)
    assert found
    return None if found[1] else int(found[2])


def test_the_bell_counts_and_lists_what_fires_until_somebody_takes_it_on(
    viewer: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    assert counted(viewer.get("/services/").content.decode()) is None
    first, _ = failing(fleet, log_channel, "alpha", "beta")
    assert counted(viewer.get("/services/").content.decode()) == 2
    shown = viewer.get(LIST, headers=HTMX).content.decode()
    assert shown.index("<b>beta</b>") < shown.index("<b>alpha</b>")
    assert "Acknowledge" not in shown, "a viewer may look and no more"
    operations.acknowledge(first.pk, by="ann", now=at(20))
    assert counted(rendering.render_bell_count()) == 1
    assert "<b>alpha</b>" not in viewer.get(LIST, headers=HTMX).content.decode()


def test_it_lists_a_few_and_says_how_many_more(viewer: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    failing(fleet, log_channel, *(f"s{n:02}" for n in range(11)))
    shown = viewer.get(LIST, headers=HTMX).content.decode()
    assert shown.count("<li ") == notices.SHOWN == 8 and "and 3 more" in shown


def test_people_of_a_scope_are_told_of_their_own_alone(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    failing(fleet, log_channel, "mine", tags=["team-a"])
    failing(fleet, log_channel, "theirs", tags=["team-b"])
    person = scoped_client(Role.VIEWER)
    assert counted(person.get("/services/").content.decode()) == 1
    assert "theirs" not in person.get(LIST, headers=HTMX).content.decode()
    told = person.get(NEW, {"since": at(0).isoformat()}).json()["alerts"]
    assert [one["title"] for one in told] == ["mine: Service down"]
    with within(frozenset({TEAM_A})):
        assert counted(rendering.render_bell_count()) == 1
    with within(frozenset({Scope(tags=frozenset({"nobody"}))})):
        assert counted(rendering.render_bell_count()) is None


def test_acknowledging_and_snoozing_there_answer_with_the_list(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    first, second = failing(fleet, log_channel, "alpha", "beta")
    operator = signed_in(Role.OPERATOR)
    shown = operator.post(f"/alerts/{first.pk}/acknowledge/", headers=ASKED).content.decode()
    assert shown.lstrip().startswith('<div id="notice-list"') and "<b>alpha</b>" not in shown
    assert "Snooze 1 h: beta" in shown
    shown = operator.post(f"/alerts/{second.pk}/snooze/", {"minutes": "60"}, headers=ASKED).content.decode()
    assert "Silenced by" in shown and "Snooze 1 h: beta" not in shown


def test_a_browser_notifies_of_what_began_to_fire_since_and_is_not_kept_silent(
    viewer: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    make_rule(name="later", condition="not-serving-for", seconds=900)
    old, snoozed, taken, fresh = failing(fleet, log_channel, "old", "snoozed", "taken", "fresh")[::2]
    now = timezone.now()
    Episode.objects.filter(pk=old.pk).update(fired_at=NOON - timedelta(hours=1))
    operations.acknowledge(taken.pk, by="ann", now=at(20))
    signed_in(Role.OPERATOR).post(f"/alerts/{snoozed.pk}/snooze/", {"minutes": "60"})
    told = viewer.get(NEW, {"since": NOON.isoformat()}).json()["alerts"]
    assert [(one["id"], one["title"], one["url"]) for one in told] == [
        (fresh.pk, "fresh: Service down", f"/alerts/{fresh.pk}/")
    ]
    assert "Error · " in told[0]["body"] and "refused" in told[0]["body"]
    assert viewer.get(NEW, {"since": now.isoformat()}).json() == {"alerts": []}


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-21T12:00:00", "9" * 400])
def test_a_moment_that_is_none_tells_nothing(
    since: str, viewer: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    failing(fleet, log_channel, "alpha")
    assert viewer.get(NEW, {"since": since}).json() == {"alerts": []}


def test_both_are_few_queries(
    viewer: Client, fleet: Fleet, log_channel: Channel, django_assert_max_num_queries: Any
) -> None:
    make_rule(log_channel)
    make_worker()
    failing(fleet, log_channel, *(f"s{n:02}" for n in range(11)))
    with django_assert_max_num_queries(8):
        viewer.get(LIST, headers=HTMX)
    with django_assert_max_num_queries(8):
        viewer.get(NEW, {"since": NOON.isoformat()})
