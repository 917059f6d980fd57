"""Which service needs which: cycles, order, and who is affected. Pure; nothing recurses, chains may be long.

Edges run from a service to those it depends on: `{"weather": ["maps"]}` says that weather needs maps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Edges = Mapping[str, Collection[str]]


def find_cycle(edges: Edges) -> list[str] | None:
    """The names along one cycle, its first name repeated at the end; None where there is no cycle."""
    done: set[str] = set()
    for start in sorted(edges):
        if start not in done and (cycle := _cycle_from(start, edges, done)):
            return cycle
    return None


def _cycle_from(start: str, edges: Edges, done: set[str]) -> list[str] | None:
    """Walk depth first; *done* gathers the names that lead into no cycle."""
    path, places = [start], {start: 0}
    ahead = [iter(sorted(edges.get(start, ())))]
    while path:
        name = next(ahead[-1], None)
        if name is None:
            done.add(path[-1])
            del places[path.pop()]
            ahead.pop()
        elif name in places:
            return [*path[places[name] :], name]
        elif name not in done:
            places[name] = len(path)
            path.append(name)
            ahead.append(iter(sorted(edges.get(name, ()))))
    return None


def waves(names: Iterable[str], edges: Edges) -> list[list[str]]:
    """*names* in layers, each after all of what it depends on, be it through others that are not asked for.

    Within a layer the names are sorted. ValueError where there is a cycle among them.
    """
    wanted = set(names)
    within = _within(wanted, edges)
    missing = {name: len(needs) for name, needs in within.items()}
    needed_by = reverse(within)
    ready = sorted(name for name, count in missing.items() if count == 0)
    layers: list[list[str]] = []
    while ready:
        layers.append(ready)
        following: list[str] = []
        for name in ready:
            for dependent in needed_by.get(name, ()):
                missing[dependent] -= 1
                if missing[dependent] == 0:
                    following.append(dependent)
        ready = sorted(following)
    if sum(len(layer) for layer in layers) < len(wanted):
        raise ValueError("the dependencies form a cycle")
    return layers


def _within(wanted: set[str], edges: Edges) -> dict[str, set[str]]:
    """For each wanted name the wanted ones that it reaches, seen through those that are not wanted."""
    return {name: _nearest(name, wanted, edges) for name in wanted}


def _nearest(name: str, wanted: set[str], edges: Edges) -> set[str]:
    found: set[str] = set()
    seen: set[str] = set()
    ahead = list(edges.get(name, ()))
    while ahead:
        other = ahead.pop()
        if other in wanted:
            found.add(other)
        elif other not in seen:
            seen.add(other)
            ahead.extend(edges.get(other, ()))
    return found


def reverse(edges: Edges) -> dict[str, list[str]]:
    """Who needs each name, sorted."""
    needed_by: dict[str, list[str]] = {}
    for name in sorted(edges):
        for other in edges[name]:
            needed_by.setdefault(other, []).append(name)
    return needed_by


def dependents(names: Iterable[str], edges: Edges) -> set[str]:
    """Everything that needs one of *names*, directly or through others; *names* themselves are left out."""
    given = set(names)
    return _reachable(given, reverse(edges)) - given


def dependencies(names: Iterable[str], edges: Edges) -> set[str]:
    """Everything that *names* need, directly or through others; *names* themselves are left out."""
    given = set(names)
    return _reachable(given, edges) - given


def _reachable(names: set[str], edges: Edges) -> set[str]:
    seen: set[str] = set()
    ahead = list(names)
    while ahead:
        for other in edges.get(ahead.pop(), ()):
            if other not in seen:
                seen.add(other)
                ahead.append(other)
    return seen


def knots(edges: Edges) -> list[list[str]]:
    """The groups whose members all reach each other: everything that lies on a cycle, and nothing else."""
    backward = reverse(edges)
    taken: set[str] = set()
    found: list[list[str]] = []
    for start in reversed(_finished(edges)):
        if start not in taken:
            group = _gathered(start, backward, taken)
            if len(group) > 1 or start in edges.get(start, ()):
                found.append(sorted(group))
    return found


def _finished(edges: Edges) -> list[str]:
    """All names in the order in which a walk along the edges has done with them."""
    seen: set[str] = set()
    order: list[str] = []
    for start in sorted(edges):
        ahead = [(start, iter(sorted(edges[start])))] if start not in seen else []
        seen.add(start)
        while ahead:
            name, rest = ahead[-1]
            other = next((other for other in rest if other not in seen), None)
            if other is None:
                order.append(name)
                ahead.pop()
            else:
                seen.add(other)
                ahead.append((other, iter(sorted(edges.get(other, ())))))
    return order


def _gathered(start: str, edges: Edges, taken: set[str]) -> list[str]:
    """What *start* reaches of what is not yet *taken*; it is taken now."""
    group = [start]
    taken.add(start)
    for name in group:
        fresh = [other for other in edges.get(name, ()) if other not in taken]
        taken.update(fresh)
        group.extend(fresh)
    return group


def cycle_through(name: str, edges: Edges) -> list[str] | None:
    """The shortest way from *name* back to itself; None where there is none."""
    came_from: dict[str, str] = {}
    ahead = [name]
    for at in ahead:
        for other in sorted(edges.get(at, ())):
            if other == name:
                return [*_way(at, came_from), name]
            if other not in came_from:
                came_from[other] = at
                ahead.append(other)
    return None


def _way(end: str, came_from: Mapping[str, str]) -> list[str]:
    way = [end]
    while way[-1] in came_from:
        way.append(came_from[way[-1]])
    return way[::-1]
