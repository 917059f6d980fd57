"""Which fragments of a page a change touches, and their HTML.

A fragment is known by the id of its root element. A page tells which ids it shows, and is sent those alone.
Some ids have no HTML here: the page hears `live:ID` as an event and fetches what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from lifecycle.live import rendering
from lifecycle.live.feed.feed import Item
from lifecycle.models import FeedItem
from lifecycle.monitoring.overview import fragments as overview
from lifecycle.services import queries as service_queries

COUNTS, WORKER, BADGE, DRIFT = "count-all", "worker-sign", "alert-badge", "drift-banner"
MASS, BELL = "mass-banner", "bell-count"
EVENTS = "events-live"
NOW, HAPPENED, OPEN, MACHINES = "overview-now", "overview-events", "overview-alerts", "overview-workers"
LIST, ALERTS = "list", "alerts"
ASKED_FOR = ("service-more-", "service-logs-")
_OF_SERVICES = "service|service-head|service-more|service-logs|node|need"
SHOWN = re.compile(
    rf"({_OF_SERVICES}|command|batch)-[1-9][0-9]{{0,17}}|{COUNTS}|{WORKER}|{BADGE}|{BELL}|{DRIFT}|{MASS}|{EVENTS}"
    rf"|{NOW}|{HAPPENED}|{OPEN}|{MACHINES}"
)
SINGLE = {
    COUNTS: rendering.render_counts,
    WORKER: rendering.render_worker_sign,
    BADGE: rendering.render_alert_badge,
    BELL: rendering.render_bell_count,
    DRIFT: rendering.render_drift_banner,
    MASS: rendering.render_mass_banner,
    NOW: overview.render_now,
    HAPPENED: overview.render_events,
    OPEN: overview.render_alerts,
    MACHINES: overview.render_workers,
}
SHOWN_AT_MOST = 300
ALWAYS = frozenset({LIST, ALERTS})
EACH_SERVICE = ("service-", "node-", "need-")
WHOLE: dict[str, tuple[str, ...]] = {
    FeedItem.Kind.SERVICE: (*EACH_SERVICE, COUNTS, EVENTS, NOW, HAPPENED),
    FeedItem.Kind.LIST: (LIST, COUNTS, EVENTS, NOW, HAPPENED),
    FeedItem.Kind.COMMAND: ("command-", EVENTS, HAPPENED),
    FeedItem.Kind.BATCH: ("batch-",),
    FeedItem.Kind.ALERT: (ALERTS, BADGE, BELL, EVENTS, HAPPENED, OPEN),
    FeedItem.Kind.WORKER: (WORKER, EVENTS, NOW, HAPPENED, MACHINES),
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
            return (*(f"{part}-{item.ref}" for part in parts), COUNTS, EVENTS, NOW, HAPPENED)
        case FeedItem.Kind.COMMAND:
            return (f"command-{item.ref}", EVENTS, HAPPENED)
        case FeedItem.Kind.BATCH:
            return (f"batch-{item.ref}",)
        case FeedItem.Kind.LOG:
            return (f"service-logs-{item.ref}",)
        case _:
            return WHOLE[item.kind]


def service_id(name: str) -> int | None:
    """The service that a fragment shows, if it shows one."""
    return int(name.rpartition("-")[2]) if name.startswith(EACH_SERVICE) else None


def render(names: Collection[str]) -> dict[str, str]:
    """The HTML of each; the empty text for one that is an event, or whose row is gone."""
    made = dict.fromkeys(_answered(names), "")
    made |= _rows([row_id for name in made if (row_id := _row(name)) is not None])
    made |= rendering.render_related([name for name in made if name.startswith(("node-", "need-"))])
    for name in made:
        if name in SINGLE:
            made[name] = SINGLE[name]()
        elif name.startswith("service-head-"):
            made[name] = rendering.render_head(int(name.rpartition("-")[2]))
    return made


def _answered(names: Collection[str]) -> Iterable[str]:
    """Without those by which a page would ask for more of a service that is no longer listed."""
    numbers = {name: int(name.rpartition("-")[2]) for name in names if name.startswith(ASKED_FOR)}
    listed = service_queries.listed_among(set(numbers.values())) if numbers else set()
    return (name for name in names if name not in numbers or numbers[name] in listed)


def among(made: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of the rendered ones, as if they alone had been rendered."""
    chosen = {name: made[name] for name in names if name in made}
    gone = any(_row(name) is not None and not html for name, html in chosen.items())
    return chosen | ({LIST: ""} if gone else {})


def _rows(ids: list[int]) -> dict[str, str]:
    """The lines of the list; one that is gone asks every list to be fetched anew."""
    html = rendering.render_services(ids) if ids else {}
    gone = {LIST: ""} if len(html) < len(ids) else {}
    return {f"service-{row_id}": text for row_id, text in html.items()} | gone


def _row(name: str) -> int | None:
    kind, _, ref = name.rpartition("-")
    return int(ref) if kind == "service" else None
