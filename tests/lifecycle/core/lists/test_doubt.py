"""When all tools are gone at once, that is doubted first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.lists import doubt

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(hours=2)


def reading(**fields: Any) -> doubt.Doubt | None:
    usual = {"known": 8, "found": 0, "promised": True, "before": None, "asked": False}
    return doubt.of(**{**usual, "interval": INTERVAL, "now": NOW, **fields})


def test_all_tools_gone_at_once_are_doubted_and_the_reason_says_why() -> None:
    found = reading()
    assert found is not None
    assert found.since == NOW
    assert (
        "its list of tools is empty at once (known before: 8): it may be a gateway whose backend is down"
        in found.reason
    )


@pytest.mark.parametrize("fields", [{"found": 1}, {"known": 0}, {"promised": False}])
def test_fewer_tools_none_before_or_none_promised_are_no_reason_for_doubt(fields: dict[str, Any]) -> None:
    assert reading(**fields) is None


def test_a_second_reading_is_believed_if_a_person_asked_or_it_has_lasted() -> None:
    first = doubt.Doubt(since=NOW, reason="x")
    assert reading(before=first, asked=True, now=NOW) is None
    assert reading(before=first, now=NOW + timedelta(minutes=5)) is first
    assert reading(before=first, now=NOW + INTERVAL) is None
    assert reading(before=first, found=8) is None


def test_an_error_in_place_of_the_list_is_doubted_and_an_empty_list_after_it_anew() -> None:
    first = doubt.of_error("answered with error 0", known=8, before=None, now=NOW)
    assert (
        first is not None
        and "no longer be listed: answered with error 0; it may be a gateway" in first.reason
    )
    later = NOW + INTERVAL
    again = doubt.of_error("answered with error 1", known=8, before=first, now=later)
    assert again is not None and (again.since, again.unread) == (NOW, True)
    empty = reading(before=again, asked=True, now=later)
    assert empty is not None and (empty.since, empty.unread) == (later, False)
    assert reading(before=again, found=8) is None
    assert doubt.of_error("answered with error 0", known=0, before=None, now=NOW) is None
