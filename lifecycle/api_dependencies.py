"""REST for the dependencies: who needs whom, how they are, and in which order they start."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from lifecycle import neighbours
from registry import dependencies
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
    edges = dependencies.edges()
    names = sorted({*edges, *graph.reverse(edges)})
    services = neighbours.neighbours(names)
    return {
        "nodes": [
            {"name": name, "state": services[name].state, "waits_for": services[name].waits_for}
            for name in names
            if name in services
        ],
        "edges": [{"service": one, "depends_on": other} for one in edges for other in edges[one]],
        "waves": graph.waves(names, edges),
    }
