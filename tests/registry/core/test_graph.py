from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import graph

NAMES = "abcdefgh"
Edges = Mapping[str, list[str]]
any_edges = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), unique=True, max_size=4), max_size=8
)
some_names = st.sets(st.sampled_from(NAMES))


@st.composite
def acyclic(draw: st.DrawFn) -> Edges:
    order = draw(st.permutations(NAMES))
    return {
        name: draw(st.lists(st.sampled_from(order[:at]), unique=True, max_size=3))
        for at, name in enumerate(order)
        if at
    }


def paths_from(name: str, edges: Edges, length: int = 9) -> set[str]:
    """What is reached from *name* in at most *length* steps; done the slow way on purpose."""
    reached: set[str] = set()
    front = {name}
    for _ in range(length):
        front = {other for at in front for other in edges.get(at, ())}
        reached |= front
    return reached


def test_a_cycle_is_named_along_its_edges() -> None:
    assert graph.find_cycle({"weather": ["maps"], "maps": ["weather"]}) == ["maps", "weather", "maps"]
    assert graph.find_cycle({"a": ["a"]}) == ["a", "a"]
    assert graph.find_cycle({"weather": ["maps"], "maps": []}) is None


@given(any_edges)
def test_a_cycle_is_found_exactly_where_something_reaches_itself(edges: Edges) -> None:
    cycle = graph.find_cycle(edges)
    assert (cycle is not None) == any(name in paths_from(name, edges) for name in edges)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in edges[before] for before, after in pairwise(cycle))


def test_waves_put_dependencies_first_and_independent_ones_together() -> None:
    edges = {"trips": ["weather", "maps"], "weather": ["maps"]}
    assert graph.waves(["trips", "weather", "maps", "time"], edges) == [
        ["maps", "time"],
        ["weather"],
        ["trips"],
    ]
    assert graph.waves([], edges) == []


def test_waves_keep_the_order_through_a_service_that_is_not_asked_for() -> None:
    assert graph.waves(["a", "c"], {"a": ["b"], "b": ["c"]}) == [["c"], ["a"]]


def test_waves_ignore_names_that_are_not_asked_for() -> None:
    assert graph.waves(["a"], {"a": ["b"], "c": ["a"]}) == [["a"]]


@given(any_edges)
def test_knots_are_what_lies_on_cycles_grouped_by_who_reaches_whom(edges: Edges) -> None:
    groups = graph.knots(edges)
    on_cycles = sorted(name for name in NAMES if name in paths_from(name, edges))
    assert sorted(name for group in groups for name in group) == on_cycles
    for group in groups:
        for name in group:
            assert [
                other
                for other in on_cycles
                if other in paths_from(name, edges) and name in paths_from(other, edges)
            ] == group


@given(any_edges)
def test_a_cycle_through_a_name_is_the_shortest_way_back(edges: Edges) -> None:
    for name in NAMES:
        cycle = graph.cycle_through(name, edges)
        lengths = [length for length in range(1, 10) if name in _exactly(name, edges, length)]
        assert (cycle and len(cycle) - 1) == min(lengths, default=None)
        if cycle:
            assert cycle[0] == cycle[-1] == name
            assert all(after in edges[before] for before, after in pairwise(cycle))


def _exactly(name: str, edges: Edges, length: int) -> set[str]:
    front = {name}
    for _ in range(length):
        front = {other for at in front for other in edges.get(at, ())}
    return front


@given(acyclic(), some_names)
def test_every_name_is_in_one_wave_right_after_the_last_it_needs(edges: Edges, names: set[str]) -> None:
    layers = graph.waves(names, edges)
    flat = [name for layer in layers for name in layer]
    assert sorted(flat) == sorted(names)
    at = {name: number for number, layer in enumerate(layers) for name in layer}
    for name in names:
        needed = paths_from(name, edges) & names
        assert at[name] == max((at[other] + 1 for other in needed), default=0)


@given(any_edges)
def test_waves_of_a_cycle_are_refused(edges: Edges) -> None:
    if graph.find_cycle(edges) is None:
        graph.waves(NAMES, edges)
    else:
        with pytest.raises(ValueError, match="cycle"):
            graph.waves(NAMES, edges)


@given(any_edges, some_names)
def test_dependents_are_those_that_reach_a_name(edges: Edges, names: set[str]) -> None:
    expected = {name for name in NAMES if paths_from(name, edges) & names} - names
    assert graph.dependents(names, edges) == expected


@given(any_edges, some_names)
def test_dependencies_are_what_the_names_reach(edges: Edges, names: set[str]) -> None:
    expected = {other for name in names for other in paths_from(name, edges)} - names
    assert graph.dependencies(names, edges) == expected


def test_a_chain_of_ten_thousand_is_ordered_without_recursion() -> None:
    edges = {str(number): [str(number - 1)] for number in range(1, 10_000)}
    assert graph.find_cycle(edges) is None
    assert len(graph.waves(map(str, range(10_000)), edges)) == 10_000
    assert len(graph.dependents(["0"], edges)) == 9_999
    ring = {**edges, "0": ["9999"]}
    assert [len(group) for group in graph.knots(ring)] == [10_000]
    assert len(graph.cycle_through("5", ring) or []) == 10_001
