"""The dependencies as their page shows them: a picture of all, or of one service and what is about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core import graph_layout
from lifecycle.pages.paging import clamp
from lifecycle.services import related
from lifecycle.services.related import RelatedService
from registry.core import graph
from registry.dependencies import links
from registry.models import Service

DRAWN_AT_MOST = 200
PAGE_SIZE = 50
OFFERED_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Node:
    """A box of the picture."""

    box: graph_layout.Box
    service: RelatedService
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A line of the picture, with the ids of its ends."""

    path: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    width: int
    height: int
    nodes: list[Node]
    edges: list[Edge]
    width_of_box: int = graph_layout.BOX_WIDTH
    height_of_box: int = graph_layout.BOX_HEIGHT


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table."""

    service: RelatedService
    needs: list[RelatedService]
    needed_by: list[RelatedService]
    more_needs: int
    more_needed_by: int


@dataclass(frozen=True, kw_only=True)
class DependencyPage:
    """All that the page shows; `count` services take part, `meant` of them are chosen.

    `unknown` says why what was chosen has no picture; empty where it has one.
    """

    here: str
    chosen: str
    unknown: str
    count: int
    meant: int
    text: str
    picture: Picture | None
    lines: list[Line]
    offered: list[str]
    older: str
    newer: str


def page_of(given: Mapping[str, str]) -> DependencyPage:
    """By `service`, whose neighbourhood is shown, and by `page` of the table."""
    edges = links.edges()
    needed_by = graph.reverse(edges)
    everyone = sorted(edges.keys() | needed_by.keys())
    chosen = given.get("service", "").strip()[:64]
    unknown = bool(chosen) and chosen not in edges and chosen not in needed_by
    names = _around(chosen, edges, needed_by) if chosen and not unknown else everyone
    page = clamp(_number(given.get("page", "")), len(names), PAGE_SIZE)
    listed = names[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    drawn = names if len(names) <= DRAWN_AT_MOST else []
    services = related.neighbours(_needed_for(listed, edges, needed_by) | set(drawn))
    drawn = [
        name for name in drawn if name in services
    ]  # one may have been removed since its edges were read
    kept = "" if unknown else chosen
    return DependencyPage(
        here=_address(kept, page),
        chosen=chosen,
        unknown=_unknown(chosen) if unknown else "",
        count=len(everyone),
        meant=len(names),
        text=_text(names, edges),
        picture=_picture(drawn, edges, services, kept) if drawn else None,
        lines=[_line(services[name], edges, needed_by, services) for name in listed if name in services],
        offered=everyone[:OFFERED_AT_MOST],
        older=_address(kept, page + 1) if page * PAGE_SIZE < len(names) else "",
        newer=_address(kept, page - 1) if page > 1 else "",
    )


def _unknown(name: str) -> str:
    """Why there is nothing around a name."""
    if Service.objects.listed().filter(name=name).exists():
        said = _("%(name)s has no dependencies. Showing all dependencies.")
    else:
        said = _("There is no service named %(name)s. Showing all dependencies.")
    return said % {"name": name}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _address(service: str, page: int) -> str:
    asked = {**({"service": service} if service else {}), **({"page": page} if page > 1 else {})}
    return reverse("dependency_graph") + (f"?{urlencode(asked)}" if asked else "")


def _around(name: str, edges: graph.Edges, needed_by: graph.Edges) -> list[str]:
    """The service, all that it needs and all that needs it, directly or through others."""
    return sorted({name, *graph.dependencies([name], edges), *graph.dependencies([name], needed_by)})


def _needed_for(names: Sequence[str], edges: graph.Edges, needed_by: graph.Edges) -> set[str]:
    """The names that lines of the table show."""
    found = set(names)
    for name in names:
        found.update(list(edges.get(name, ()))[: related.SHOWN_AT_MOST])
        found.update(list(needed_by.get(name, ()))[: related.SHOWN_AT_MOST])
    return found


def _text(names: Sequence[str], edges: graph.Edges) -> str:
    inside = set(names)
    lines = sum(other in inside for name in names for other in edges.get(name, ()))
    services = ngettext("%(n)s service", "%(n)s services", len(names)) % {"n": f"{len(names):,}"}
    needs = ngettext("%(n)s dependency", "%(n)s dependencies", lines) % {"n": f"{lines:,}"}
    return _("%(services)s, %(needs)s.") % {"services": services, "needs": needs}


def _picture(
    names: Sequence[str], edges: graph.Edges, services: Mapping[str, RelatedService], chosen: str
) -> Picture:
    drawn = graph_layout.draw(set(names), edges)
    ids = {name: services[name].id for name in names}
    return Picture(
        width=drawn.width,
        height=drawn.height,
        nodes=[Node(box=box, service=services[box.name], chosen=box.name == chosen) for box in drawn.boxes],
        edges=[Edge(path=line.path, ends=f"{ids[line.needed]} {ids[line.by]}") for line in drawn.lines],
    )


def _line(
    service: RelatedService,
    edges: graph.Edges,
    needed_by: graph.Edges,
    services: Mapping[str, RelatedService],
) -> Line:
    needs, needing = list(edges.get(service.name, ())), list(needed_by.get(service.name, ()))
    limit = related.SHOWN_AT_MOST
    return Line(
        service=service,
        needs=[services[name] for name in needs[:limit] if name in services],
        needed_by=[services[name] for name in needing[:limit] if name in services],
        more_needs=max(0, len(needs) - limit),
        more_needed_by=max(0, len(needing) - limit),
    )
