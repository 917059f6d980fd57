"""The hosts in words and pictures: a bar for each figure against its threshold, and the last 24 hours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from lifecycle.monitoring.hosts import queries
from lifecycle.monitoring.hosts.queries import HostPoint, HostStatus
from lifecycle.pages import humanize

SLOTS, SLOT = 96, timedelta(minutes=15)
HEIGHT = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """One figure of a host: its bar, what it means in words, and its line over 24 hours."""

    name: str
    text: str
    more: str
    over: bool
    bar: SafeString
    line: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCard:
    """One host."""

    name: str
    workers: str
    state: str
    css: str
    iso: str
    ago: str
    meters: list[Meter]
    network: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """All of them; `digest` tells whether a page already shows these."""

    hosts: list[HostStatus]
    digest: str


def shown(now: datetime) -> Shown:
    """The hosts as sampled last; their cards are made only where they are needed."""
    found = queries.hosts(now)
    text = repr([(one.name, one.workers, one.live, one.sample and one.sample.at) for one in found])
    return Shown(hosts=found, digest=hashlib.sha256(text.encode()).hexdigest()[:16])


def cards(hosts: Sequence[HostStatus], now: datetime) -> list[HostCard]:
    """One query for each of them."""
    return [_card(one, now) for one in hosts]


def _card(one: HostStatus, now: datetime) -> HostCard:
    sample, start = one.sample, now - SLOTS * SLOT
    points = queries.host_series(one.name, start, now, now=now) if sample else []
    at = None if sample is None else datetime.fromtimestamp(sample.at / 1000, UTC)
    state, css = _state(one)
    return HostCard(
        name=one.name,
        workers=", ".join(one.workers),
        state=state,
        css=css,
        iso=humanize.iso(at),
        ago=humanize.ago(at, now),
        meters=_meters(one, points, start) if sample else [],
        network=_network(one) if sample else "",
    )


def _state(one: HostStatus) -> tuple[str, str]:
    if one.sample is None:
        return _("No samples yet"), "l-rest"
    if not one.live:
        return _("Not sampled"), "l-rest"
    return (_("Over threshold"), "l-warning") if one.over else (_("OK"), "l-ok")


def _meters(one: HostStatus, points: Sequence[HostPoint], start: datetime) -> list[Meter]:
    sample, limits = one.sample, one.thresholds
    assert sample is not None
    return [
        _meter(_("CPU"), one.cpu, limits.cpu, "", _slots(points, "cpu", start)),
        _meter(
            _("Memory"),
            one.memory,
            limits.memory,
            _of(sample.memory_used, sample.memory_total),
            _slots(points, "memory", start),
        ),
        _meter(
            _("Disk"),
            one.disk,
            limits.disk,
            _of(sample.disk_used, sample.disk_total),
            _slots(points, "disk", start),
        ),
    ]


def _of(used: int, total: int) -> str:
    return _("%(used)s of %(total)s") % {"used": humanize.size(used), "total": humanize.size(total)}


def _meter(name: str, percent: float | None, limit: float, more: str, values: list[float | None]) -> Meter:
    over = percent is not None and percent > limit
    text = "–" if percent is None else _("%(n).0f %%") % {"n": percent}
    said = _("%(name)s %(text)s, threshold %(limit).0f %%") % {"name": name, "text": text, "limit": limit}
    return Meter(
        name=name,
        text=text,
        more=more,
        over=over,
        bar=_bar(percent, limit, over, said),
        line=line(values, name),
    )


def _network(one: HostStatus) -> str:
    sample = one.sample
    if sample is None or sample.sent_per_s is None or sample.received_per_s is None:
        return ""
    return _("Network: %(sent)s/s sent, %(received)s/s received") % {
        "sent": humanize.size(sample.sent_per_s),
        "received": humanize.size(sample.received_per_s),
    }


def _bar(percent: float | None, limit: float, over: bool, said: str) -> SafeString:
    width = min(max(percent or 0.0, 0.0), 100.0)
    return format_html(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="6"/><rect class="{}" width="{}" height="6"/>'
        '<path class="limit" d="M{} 0v6"/></svg>',
        said,
        "over" if over else "fill",
        f"{width:.1f}",
        f"{limit:g}",
    )


def _slots(points: Sequence[HostPoint], name: str, start: datetime) -> list[float | None]:
    """The highest mean of each quarter of an hour since *start*."""
    found: list[float | None] = [None] * SLOTS
    for point in points:
        slot = int((point.at - start.timestamp()) // SLOT.total_seconds())
        value = getattr(point, name)
        if value is not None:
            slot = min(max(slot, 0), SLOTS - 1)
            found[slot] = max(value, found[slot] or 0.0)
    return found


def line(values: Sequence[float | None], name: str) -> SafeString:
    """A line of percentages over 24 hours, broken where nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return format_html('<span class="hint">{}</span>', _("no data for the last 24 h"))
    said = _("%(name)s over 24 hours: lowest %(low).0f %%, highest %(high).0f %%")
    return format_html(
        '<svg class="trace" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="{}"/></svg>',
        SLOTS,
        HEIGHT,
        said % {"name": name, "low": min(known), "high": max(known)},
        mark_safe(_path(values)),  # noqa: S308 - built from numbers
    )


def _path(values: Sequence[float | None]) -> str:
    drawn, pen = [], False
    for x, value in enumerate(values):
        if value is None:
            pen = False
            continue
        y = HEIGHT - 1 - min(value, 100.0) / 100 * (HEIGHT - 2)
        alone = not pen and (x + 1 == len(values) or values[x + 1] is None)
        drawn.append(f"{'L' if pen else 'M'}{x} {y:.1f}{'h1' if alone else ''}")
        pen = True
    return "".join(drawn)
