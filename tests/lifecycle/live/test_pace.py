"""When the next round of frames may follow, by a clock that is wound by hand."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.live.hub.pace import NOT_WORTH_IT, REST_AT_MOST, SHARE, Pace


class Machine:
    """A clock, the processor time used by its event loop, and what is done while the pace rests."""

    def __init__(self) -> None:
        self.now = self.spent = 0.0
        self.meanwhile: list[float] = []
        self.pace = Pace(clock=lambda: self.now, spent=lambda: self.spent, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.meanwhile:
            self.spent += self.meanwhile.pop(0)

    async def round(self, cost: float, elsewhere: float = 0.0) -> float:
        """A round that uses *cost* on the loop; the seconds until the next one may begin."""
        began = self.now
        self.pace.begin()
        self.spent += cost
        self.now += cost + elsewhere
        self.pace.add(elsewhere)
        await self.pace.rest()
        return self.now - began


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=NOT_WORTH_IT)


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_a_round_for_one_browser_hardly_holds_up_the_next(machine: Machine) -> None:
    assert await machine.round(0.002) <= 0.0101


async def test_a_dear_round_rests_until_it_is_but_its_share(machine: Machine) -> None:
    assert await machine.round(0.04) == near(0.04 / SHARE)


async def test_no_rest_is_longer_than_a_quarter_of_a_second(machine: Machine) -> None:
    assert REST_AT_MOST <= 0.25
    assert await machine.round(0.2) == near(REST_AT_MOST)


async def test_a_round_that_took_longer_than_that_rests_no_more(machine: Machine) -> None:
    assert await machine.round(2.0) == 2.0


async def test_confirmations_that_come_during_the_rest_make_it_longer(machine: Machine) -> None:
    machine.meanwhile = [0.01, 0.01]
    assert await machine.round(0.02) == near(0.04 / SHARE)


async def test_rendering_in_another_thread_counts_once(machine: Machine) -> None:
    assert await machine.round(0.01, elsewhere=0.03) == near(0.04 / SHARE)
    assert await machine.round(0.01) == near(0.01 / SHARE)


async def test_what_a_quiet_hour_used_holds_up_nothing(machine: Machine) -> None:
    await machine.round(0.001)
    machine.now, machine.spent = machine.now + 3600, machine.spent + 36
    assert await machine.round(0.001) == near(0.001 / SHARE)
