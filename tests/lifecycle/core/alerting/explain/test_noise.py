"""How noise is counted, and which `for` is proposed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.core.alerting.explain import noise
from lifecycle.core.alerting.explain.noise import Past


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def brief(lasted: float, **more: bool) -> Past:
    return Past(lasted=s(lasted), after=s(lasted), **{"by_itself": True, **more})


def test_it_counts_what_was_sent_acknowledged_and_over_by_itself() -> None:
    long, ended = Past(lasted=s(900), after=s(900), by_itself=True), brief(30, by_itself=False)
    found = noise.of(
        [brief(20), brief(30, acknowledged=True), long, ended, Past(lasted=None, after=None)], s(0)
    )
    assert (found.sent, found.acknowledged, found.brief, found.proposed) == (5, 1, 2, None)
    assert not Past(lasted=s(121), after=s(121), by_itself=True).brief


@pytest.mark.parametrize(
    ("lasted", "hold", "proposed", "spared"),
    [
        ([10, 12, 14, 16, 100], 0, 30, 4),
        ([10, 12, 14], 0, 15, 3),
        ([15, 15, 15], 0, 30, 3),
        ([10, 12], 0, None, 0),
        ([40, 50, 55], 60, None, 0),
        ([400, 410, 420], 300, None, 0),
    ],
)
def test_the_proposal_is_the_shortest_step_longer_than_most_of_it(
    lasted: list[float], hold: float, proposed: float | None, spared: int
) -> None:
    alerts = [Past(lasted=s(one), after=s(max(one - hold, 1)), by_itself=True) for one in lasted]
    found = noise.of(alerts, s(hold))
    assert (found.proposed, found.spared) == (s(proposed) if proposed else None, spared)


def test_what_somebody_took_on_is_no_noise_and_a_condition_without_a_hold_gets_no_proposal() -> None:
    assert noise.of([brief(20, acknowledged=True)] * 5, s(0)).proposed is None
    assert noise.of([brief(20)] * 5, None).proposed is None
