"""REST for the hosts of the workers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.monitoring.hosts import queries
from lifecycle.monitoring.hosts.queries import HostPoint, HostStatus
from registry.access.callers import VIEWER_OF_ALL
from registry.rest.problems import ProblemError

router = Router()


class HostQuery(Schema):
    start: datetime | None = Field(None, alias="from", description="adds `series` from then on")
    end: datetime | None = Field(None, alias="to", description="end of `series`; now where it is not given")


class Part(Schema):
    used: int
    total: int = Field(description="what may be used, in a container by its limit")
    percent: float | None
    threshold: float


class Cpu(Schema):
    percent: float | None = Field(description="of all that may be used; null in the first 15 s")
    threshold: float


class Network(Schema):
    sent_per_s: float | None = Field(description="bytes per second, without the loopback")
    received_per_s: float | None


class HostPointAnswer(Schema):
    at: datetime
    seconds: int = Field(description="how long a span the point stands for")
    cpu: float | None = Field(description="mean, in percent; so are memory and disk")
    cpu_max: float | None
    memory: float | None
    memory_max: float | None
    disk: float | None
    sent: float | None = Field(description="mean, in bytes per second")
    received: float | None


class HostAnswer(Schema):
    name: str
    workers: list[str]
    live: bool = Field(description="sampled within the last 60 s")
    at: datetime | None = Field(description="when it was sampled last")
    cpu: Cpu | None
    memory: Part | None
    disk: Part | None = Field(description="the file system of the data directory")
    network: Network | None
    over: list[str] = Field(description="which of cpu, memory and disk are above their threshold")
    series: list[HostPointAnswer] | None = Field(None, description="with ?from= only; at most 720 points")


class HostList(Schema):
    results: list[HostAnswer]


@router.get(
    "hosts", auth=VIEWER_OF_ALL, response=HostList, exclude_unset=True, summary="List the workers' hosts"
)
def host_list(request: HttpRequest, query: Query[HostQuery]) -> dict[str, Any]:
    """CPU, memory, disk and network of each host that had a worker within the last day."""
    now = timezone.now()
    start, end = (
        at if at is None or at.tzinfo else at.replace(tzinfo=UTC) for at in (query.start, query.end)
    )
    if start is not None and start >= (end or now):
        raise ProblemError(422, "`from` must be before `to`.", where="query.from")
    results = []
    for host in queries.hosts(now):
        answer = _one(host)
        if start is not None:
            answer["series"] = [_point(p) for p in queries.host_series(host.name, start, end or now, now=now)]
        results.append(answer)
    return {"results": results}


def _one(host: HostStatus) -> dict[str, Any]:
    sample, limits = host.sample, host.thresholds
    known = {"name": host.name, "workers": host.workers, "live": host.live, "over": list(host.over)}
    if sample is None:
        return known | dict.fromkeys(("at", "cpu", "memory", "disk", "network"))
    return known | {
        "at": datetime.fromtimestamp(sample.at / 1000, UTC),
        "cpu": {"percent": host.cpu, "threshold": limits.cpu},
        "memory": _part(sample.memory_used, sample.memory_total, host.memory, limits.memory),
        "disk": _part(sample.disk_used, sample.disk_total, host.disk, limits.disk),
        "network": {"sent_per_s": sample.sent_per_s, "received_per_s": sample.received_per_s},
    }


def _part(used: int, total: int, percent: float | None, threshold: float) -> dict[str, Any]:
    return {"used": used, "total": total, "percent": percent, "threshold": threshold}


def _point(point: HostPoint) -> dict[str, Any]:
    return asdict(point) | {"at": datetime.fromtimestamp(point.at, UTC)}
