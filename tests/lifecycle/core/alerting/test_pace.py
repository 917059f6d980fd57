"""No provider is sent more than it takes."""

from __future__ import annotations

from lifecycle.core.alerting.pace import Pace, free_at, longest

TWO_A_SECOND, FIVE_A_MINUTE = Pace(count=2, seconds=1), Pace(count=5, seconds=60)


def test_a_channel_is_free_until_its_provider_has_had_enough() -> None:
    assert free_at([], [TWO_A_SECOND], 10) == 10
    assert free_at([10], [TWO_A_SECOND], 10) == 10
    assert free_at([10, 10.2], [TWO_A_SECOND], 10.2) == 11
    assert free_at([10, 10.2], [TWO_A_SECOND], 12) == 12
    assert free_at([10, 10, 11, 11, 12], [TWO_A_SECOND, FIVE_A_MINUTE], 12) == 70
    assert free_at([1, 2, 3], [], 3) == 3
    assert longest([TWO_A_SECOND, FIVE_A_MINUTE]) == 5 and longest([]) == 0
