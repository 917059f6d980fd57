"""The hosts of the workers: how busy they are and were; and the same of the services' process trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from lifecycle.core.monitoring.gauges import NOTHING, Gauges, Thresholds
from lifecycle.core.monitoring.spans import RAW, Piece
from lifecycle.models import HostSample, WorkerSeen
from lifecycle.monitoring.hosts.sampling import HOSTS, PROCESSES, gauges_of
from lifecycle.monitoring.settings import queries as settings_queries
from lifecycle.monitoring.usage import series

SHOWN_FOR = timedelta(days=1)
FRESH = timedelta(seconds=60)
AT_MOST = 50
COLUMNS = (
    "cpu_percent",
    "memory_used",
    "memory_total",
    "disk_used",
    "disk_total",
    "sent_per_s",
    "received_per_s",
)


@dataclass(frozen=True, kw_only=True)
class HostStatus:
    """One host as sampled last; percentages are None where nothing is known.

    `live` says that the sample is younger than a minute; `over` names what was above its threshold.
    """

    name: str
    workers: list[str]
    live: bool
    sample: HostSample | None
    cpu: float | None
    memory: float | None
    disk: float | None
    thresholds: Thresholds
    over: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPoint:
    """A span of time: means and maxima; CPU, memory and disk in percent, network in bytes per second."""

    at: int
    seconds: int
    cpu: float | None
    cpu_max: float | None
    memory: float | None
    memory_max: float | None
    disk: float | None
    sent: float | None
    received: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessPoint:
    """A span of time of one process tree: CPU in percent of one core, memory in bytes."""

    at: int
    seconds: int
    cpu: float | None
    cpu_max: float | None
    memory: float | None
    memory_max: float | None
    processes: float | None


def thresholds() -> Thresholds:
    """As they are set."""
    options = settings_queries.current()
    return Thresholds(cpu=options.cpu_threshold, memory=options.memory_threshold, disk=options.disk_threshold)


def hosts(now: datetime) -> list[HostStatus]:
    """Hosts of the workers that were seen within the last day, by name."""
    limits = thresholds()
    seen = WorkerSeen.objects.filter(seen_at__gt=now - SHOWN_FOR).order_by("-seen_at")
    workers: dict[str, list[str]] = defaultdict(list)
    for host, worker, stopped in seen.values_list("host", "name", "stopped_at")[:AT_MOST]:
        workers[host] += [worker] if stopped is None else []
    return [_status(host, sorted(names), now, limits) for host, names in sorted(workers.items())]


def _status(host: str, workers: list[str], now: datetime, limits: Thresholds) -> HostStatus:
    sample = HostSample.objects.filter(host=host).order_by("-at").first()
    figures = percents(sample) if sample else dict.fromkeys(("cpu", "memory", "disk"))
    age = None if sample is None else now.timestamp() - sample.at / 1000
    return HostStatus(
        name=host,
        workers=workers,
        live=age is not None and age <= FRESH.total_seconds(),
        sample=sample,
        **figures,
        thresholds=limits,
        over=limits.over(figures),
    )


def percents(sample: HostSample) -> dict[str, float | None]:
    """How much of its CPU, memory and disk a host uses."""
    return {
        "cpu": sample.cpu_percent,
        "memory": _percent(sample.memory_used, sample.memory_total),
        "disk": _percent(sample.disk_used, sample.disk_total),
    }


def _percent(part: float | None, whole: float | None) -> float | None:
    return part / whole * 100 if part is not None and whole else None


def host_series(
    host: str, start: datetime, end: datetime, points: int = series.POINTS, now: datetime | None = None
) -> list[HostPoint]:
    """[start, end) in at most so many points; up to two hours from single samples."""
    step, piece = series.plan(start, end, points, series.kept(now or timezone.now(), series.SAMPLES_KEPT))
    found = _samples(host, piece) if piece.span == RAW else series.read(HOSTS, {"host": host}, piece)
    rows = ((at, gauges) for _host, at, gauges in found)
    return [_host_point(at, step, gauges) for at, gauges in series.joined(HOSTS, step, rows)]


def _samples(host: str, piece: Piece) -> Iterator[tuple[str, float, Gauges]]:
    rows = HostSample.objects.filter(host=host, at__gte=piece.start * 1000, at__lt=piece.end * 1000)
    for row in rows.values("at", *COLUMNS):
        yield host, row["at"] / 1000, gauges_of(row)


def _host_point(at: int, seconds: int, gauges: Gauges) -> HostPoint:
    def one(name: str, most: bool = False) -> float | None:
        found = gauges.get(name, NOTHING)
        return found.max if most else found.mean

    memory, disk = one("memory_total"), one("disk_total")
    return HostPoint(
        at=at,
        seconds=seconds,
        cpu=one("cpu"),
        cpu_max=one("cpu", most=True),
        memory=_percent(one("memory"), memory),
        memory_max=_percent(one("memory", most=True), one("memory_total", most=True)),
        disk=_percent(one("disk"), disk),
        sent=one("sent"),
        received=one("received"),
    )


def process_series(
    service_id: int, start: datetime, end: datetime, points: int = series.POINTS, now: datetime | None = None
) -> list[ProcessPoint]:
    """CPU and memory of a stdio service's process tree in [start, end); spans without a sample are absent."""
    step, piece = series.plan(start, end, points, series.kept(now or timezone.now(), None))
    rows = (row[1:] for row in series.read(PROCESSES, {"service_id": service_id}, piece))
    return [_process_point(at, step, gauges) for at, gauges in series.joined(PROCESSES, step, rows)]


def _process_point(at: int, seconds: int, gauges: Gauges) -> ProcessPoint:
    cpu, memory = gauges.get("cpu", NOTHING), gauges.get("memory", NOTHING)
    return ProcessPoint(
        at=at,
        seconds=seconds,
        cpu=cpu.mean,
        cpu_max=cpu.max,
        memory=memory.mean,
        memory_max=memory.max,
        processes=gauges.get("processes", NOTHING).max,
    )
