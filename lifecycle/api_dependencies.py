"""REST for the dependencies: who needs whom, how they are, and in which order they start."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from lifecycle import neighbours
from registry import dependencies, registration
from registry.access.callers import VIEWER
from registry.core import graph

router = Router()


class Node(Schema):
    name: str
    state: str
    waits_for: list[str] = Field(description="what holds back its attempts to connect")


class Edge(Schema):
    service: str
    depends_on: str


class Graph(Schema):
    nodes: list[Node] = Field(description="services that take part in a dependency, by name")
    edges: list[Edge]
    waves: list[list[str]] = Field(description="the order of starting; each wave begins after the one before")


@router.get("dependencies", auth=VIEWER, response=Graph, summary="Who needs whom")
def dependency_graph(request: HttpRequest) -> dict[str, Any]:
    return described()


def described(around: str = "") -> dict[str, Any]:
    """The graph of all that take part, or of one service with all it needs and all that need it.

    ServiceNotFoundError if there is no such service.
    """
    edges = dependencies.edges()
    names = {*edges, *graph.reverse(edges)}
    if around:
        name = registration.get(around).name
        names = {name} | graph.dependencies([name], edges) | graph.dependents([name], edges)
    services = neighbours.neighbours(names)
    return {
        "nodes": [
            {"name": name, "state": services[name].state, "waits_for": services[name].waits_for}
            for name in sorted(names)
            if name in services
        ],
        "edges": [
            {"service": one, "depends_on": other}
            for one in sorted(names & edges.keys())
            for other in edges[one]
            if other in names
        ],
        "waves": graph.waves(names, edges),
    }
