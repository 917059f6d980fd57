"""Which fragments of a page a change touches, and their HTML.

A fragment is known by the id of its root element. A page tells which ids it shows, and is sent those alone.
Some ids have no HTML here: the page hears `live:ID` as an event and fetches what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lifecycle import presentation
from lifecycle.live.feed import Item
from lifecycle.models import FeedItem

COUNTS, WORKER, LIST, ALERTS = "state-counts", "worker-sign", "list", "alerts"
SHOWN = re.compile(r"(service|service-head|service-more|command)-[1-9][0-9]{0,17}|state-counts|worker-sign")
SHOWN_AT_MOST = 300
ALWAYS = frozenset({LIST, ALERTS})
WHOLE: dict[str, tuple[str, ...]] = {
    FeedItem.Kind.SERVICE: ("service-", COUNTS),
    FeedItem.Kind.LIST: (LIST, COUNTS),
    FeedItem.Kind.COMMAND: ("command-",),
    FeedItem.Kind.ALERT: (ALERTS,),
    FeedItem.Kind.WORKER: (WORKER,),
}


def known(ids: Iterable[object]) -> frozenset[str]:
    """Those of a page's ids that can be pushed; a page that shows too many is sent the first of them."""
    good = [name for name in ids if isinstance(name, str) and SHOWN.fullmatch(name)]
    return frozenset(good[:SHOWN_AT_MOST]) | ALWAYS


def touched(items: Iterable[Item], shown: frozenset[str] | set[str]) -> set[str]:
    """The shown fragments that *items* concern."""
    found: set[str] = set()
    for item in items:
        if item.ref == 0:
            found.update(name for name in shown if name.startswith(WHOLE[item.kind]))
        else:
            found.update(shown.intersection(_one(item)))
    return found


def _one(item: Item) -> tuple[str, ...]:
    match item.kind:
        case FeedItem.Kind.SERVICE:
            return (f"service-{item.ref}", f"service-head-{item.ref}", f"service-more-{item.ref}", COUNTS)
        case FeedItem.Kind.COMMAND:
            return (f"command-{item.ref}",)
        case _:
            return WHOLE[item.kind]


def service_id(name: str) -> int | None:
    """The service that a fragment shows, if it shows one."""
    return int(name.rpartition("-")[2]) if name.startswith("service-") else None


def render(names: Iterable[str]) -> dict[str, str]:
    """The HTML of each; the empty text for one that is an event, or whose row is gone."""
    made = dict.fromkeys(names, "")
    heads = [name for name in made if name.startswith("service-head-")]
    rows = [row_id for name in made if (row_id := _row(name)) is not None]
    for row_id, html in (presentation.render_services(rows) if rows else {}).items():
        made[f"service-{row_id}"] = html
    for name in heads:
        made[name] = presentation.render_head(int(name.rpartition("-")[2]))
    for name, make in ((COUNTS, presentation.render_counts), (WORKER, presentation.render_worker_sign)):
        if name in made:
            made[name] = make()
    return made


def _row(name: str) -> int | None:
    kind, _, ref = name.rpartition("-")
    return int(ref) if kind == "service" else None
