"""Which fragments of a page a change touches, and their HTML.

A fragment is known by the id of its root element. A page tells which ids it shows, and is sent those alone.
Some ids have no HTML here: the page hears `live:ID` as an event and fetches what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from lifecycle import presentation, reading
from lifecycle.live.feed import Item
from lifecycle.models import FeedItem

COUNTS, WORKER, BADGE, DRIFT = "count-all", "worker-sign", "alert-badge", "drift-banner"
MASS = "mass-banner"
LIST, ALERTS = "list", "alerts"
ASKED_FOR = ("service-more-", "service-logs-")
_OF_SERVICES = "service|service-head|service-more|service-logs|node|need"
SHOWN = re.compile(
    rf"({_OF_SERVICES}|command|batch)-[1-9][0-9]{{0,17}}|{COUNTS}|{WORKER}|{BADGE}|{DRIFT}|{MASS}"
)
SINGLE = {
    COUNTS: presentation.render_counts,
    WORKER: presentation.render_worker_sign,
    BADGE: presentation.render_alert_badge,
    DRIFT: presentation.render_drift_banner,
    MASS: presentation.render_mass_banner,
}
SHOWN_AT_MOST = 300
ALWAYS = frozenset({LIST, ALERTS})
WHOLE: dict[str, tuple[str, ...]] = {
    FeedItem.Kind.SERVICE: ("service-", "node-", "need-", COUNTS),
    FeedItem.Kind.LIST: (LIST, COUNTS),
    FeedItem.Kind.COMMAND: ("command-",),
    FeedItem.Kind.BATCH: ("batch-",),
    FeedItem.Kind.ALERT: (ALERTS, BADGE),
    FeedItem.Kind.WORKER: (WORKER,),
    FeedItem.Kind.DRIFT: (DRIFT,),
    FeedItem.Kind.MASS: (MASS,),
    FeedItem.Kind.LOG: ("service-logs-",),
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
            parts = ("service", "service-head", "service-more", "node", "need")
            return (*(f"{part}-{item.ref}" for part in parts), COUNTS)
        case FeedItem.Kind.COMMAND:
            return (f"command-{item.ref}",)
        case FeedItem.Kind.BATCH:
            return (f"batch-{item.ref}",)
        case FeedItem.Kind.LOG:
            return (f"service-logs-{item.ref}",)
        case _:
            return WHOLE[item.kind]


def service_id(name: str) -> int | None:
    """The service that a fragment shows, if it shows one."""
    return int(name.rpartition("-")[2]) if name.startswith(WHOLE[FeedItem.Kind.SERVICE][:-1]) else None


def render(names: Collection[str]) -> dict[str, str]:
    """The HTML of each; the empty text for one that is an event, or whose row is gone."""
    made = dict.fromkeys(_answered(names), "")
    made |= _rows([row_id for name in made if (row_id := _row(name)) is not None])
    made |= presentation.render_neighbours([name for name in made if name.startswith(("node-", "need-"))])
    for name in made:
        if name in SINGLE:
            made[name] = SINGLE[name]()
        elif name.startswith("service-head-"):
            made[name] = presentation.render_head(int(name.rpartition("-")[2]))
    return made


def _answered(names: Collection[str]) -> Iterable[str]:
    """Without those by which a page would ask for more of a service that is no longer listed."""
    numbers = {name: int(name.rpartition("-")[2]) for name in names if name.startswith(ASKED_FOR)}
    listed = reading.listed_among(set(numbers.values())) if numbers else set()
    return (name for name in names if name not in numbers or numbers[name] in listed)


def among(made: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of the rendered ones, as if they alone had been rendered."""
    chosen = {name: made[name] for name in names if name in made}
    gone = any(_row(name) is not None and not html for name, html in chosen.items())
    return chosen | ({LIST: ""} if gone else {})


def _rows(ids: list[int]) -> dict[str, str]:
    """The lines of the list; one that is gone asks every list to be fetched anew."""
    html = presentation.render_services(ids) if ids else {}
    gone = {LIST: ""} if len(html) < len(ids) else {}
    return {f"service-{row_id}": text for row_id, text in html.items()} | gone


def _row(name: str) -> int | None:
    kind, _, ref = name.rpartition("-")
    return int(ref) if kind == "service" else None
