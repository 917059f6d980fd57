"""REST for the dependencies: who needs whom, how they are, and in which order they start."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from lifecycle.services import related
from registry.access.callers import VIEWER
from registry.core import graph
from registry.dependencies import links
from registry.services import register

router = Router()


class Node(Schema):
    name: str
    state: str
    waits_for: list[str] = Field(description="dependencies that hold back its attempts")


class Edge(Schema):
    service: str
    depends_on: str


class Graph(Schema):
    nodes: list[Node] = Field(description="services with dependencies, by name")
    edges: list[Edge]
    waves: list[list[str]] = Field(description="start order; each wave starts after the previous one")


@router.get("dependencies", auth=VIEWER, response=Graph, summary="List dependencies")
def dependency_graph(request: HttpRequest) -> dict[str, Any]:
    return described()


def described(around: str = "") -> dict[str, Any]:
    """The graph of all that take part, or of one service with all it needs and all that need it.

    ServiceNotFoundError if there is no such service.
    """
    edges = links.edges()
    names = {*edges, *graph.reverse(edges)}
    if around:
        name = register.get(around).name
        names = {name} | graph.dependencies([name], edges) | graph.dependents([name], edges)
    services = related.neighbours(names)
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
