"""The hub's rounds: what changes during a rest goes out together, and who comes is told at once."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from django.utils import timezone

from lifecycle.core.states import State
from lifecycle.live import feed, fragments
from lifecycle.live.missed import Page, missed
from registry.models import Service
from tests.live.conftest import MakeService, move

pytestmark = pytest.mark.django_db(transaction=True)


def test_pages_that_come_together_are_rendered_once(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[frozenset[str]] = []
    render = fragments.render

    def noted(names: Collection[str]) -> dict[str, str]:
        asked.append(frozenset(names))
        return render(asked[-1])

    monkeypatch.setattr(fragments, "render", noted)
    shared, own = make_service("shared"), make_service("own")
    before = feed.place()
    move(shared, State.WARNING)
    last = move(own, State.WARNING)
    one = Page(frozenset({f"service-{shared.pk}"}), before)
    other = Page(frozenset({f"service-{shared.pk}", f"service-{own.pk}"}), before)
    found, place = missed([one, other], timezone.now())
    assert place == last
    assert asked == [other.fresh]
    assert {page: set(names) for page, names in found.items()} == {page: page.fresh for page in (one, other)}


def test_only_the_page_whose_row_is_gone_fetches_its_list(make_service: MakeService) -> None:
    gone, there = make_service("gone"), make_service("there")
    before = feed.place()
    Service.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    move(gone, State.DISCONNECTED)
    move(there, State.WARNING)
    left, good = (Page(frozenset({f"service-{one.pk}"}), before) for one in (gone, there))
    found, _ = missed([left, good], timezone.now())
    assert found[left] == {f"service-{gone.pk}": "", "list": ""}
    assert "list" not in found[good]
