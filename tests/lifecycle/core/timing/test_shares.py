"""Who should hold which shard."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.timing.shares import HOUSE, LEASES, SHARDS, shard_of, turn

NAMES = st.sampled_from(["a", "b", "c", "d", "dead", ""])


def play(live: set[str], holders: dict[int, str], rounds: int = 6) -> tuple[dict[int, str], int]:
    """Let each worker have its turns; who holds what then, and how many leases changed hands."""
    holders, moved = dict(holders), 0
    for _ in range(rounds):
        for me in sorted(live):
            step = turn(me, live, holders)
            moved += len(step.take)
            holders.update(dict.fromkeys(step.take, me))
            holders.update(dict.fromkeys(step.give, ""))
    return holders, moved


def counts(holders: dict[int, str]) -> list[int]:
    return sorted(Counter(name for shard, name in holders.items() if shard != HOUSE).values())


def test_services_spread_evenly_over_the_shards() -> None:
    found = Counter(shard_of(number) for number in range(1, 6401))
    assert set(found) == set(range(SHARDS))
    assert set(found.values()) == {100}


def test_one_worker_takes_all_at_once() -> None:
    assert sorted(turn("a", ["a"], {}).take) == list(range(LEASES))


def test_two_and_three_share_evenly() -> None:
    alone, _ = play({"a"}, {})
    two, moved = play({"a", "b"}, alone)
    assert (counts(two), moved) == ([32, 32], 32)
    three, moved = play({"a", "b", "c"}, two)
    assert (counts(three), moved) == ([21, 21, 22], 21)


def test_few_services_are_shared_evenly_too() -> None:
    holders, _ = play({"a"}, {})
    for live in ({"a", "b"}, {"a", "b", "c"}, {"b", "c"}):
        holders, _ = play(live, holders)
        owners = Counter(holders[shard_of(number)] for number in range(1, 25))
        assert set(owners) == live
        assert max(owners.values()) - min(owners.values()) <= 4


def test_only_what_a_dead_worker_held_changes_hands() -> None:
    three, _ = play({"a", "b", "c"}, {})
    after, moved = play({"a", "c"}, three)
    kept = {shard for shard, name in three.items() if name != "b"}
    assert all(after[shard] == three[shard] for shard in kept)
    assert (counts(after), moved) == ([32, 32], list(three.values()).count("b"))


@settings(deadline=None)
@given(
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.dictionaries(st.integers(0, HOUSE), NAMES, max_size=LEASES),
)
def test_from_wherever_they_start_all_is_held_fairly_and_then_nothing_moves(
    live: set[str], holders: dict[int, str]
) -> None:
    after, _ = play(live, holders)
    assert set(after) == set(range(LEASES))
    assert set(after.values()) <= live
    assert counts(after)[-1] - counts(after)[0] <= 1
    assert len(counts(after)) == len(live)
    assert play(live, after) == (after, 0)


@settings(deadline=None)
@given(
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.dictionaries(st.integers(0, HOUSE), NAMES, max_size=LEASES),
)
def test_nobody_takes_what_a_living_worker_holds(live: set[str], holders: dict[int, str]) -> None:
    for me in live:
        step = turn(me, live, holders)
        assert not any(holders.get(shard) in live for shard in step.take)
        assert all(holders.get(shard) == me for shard in step.give)
