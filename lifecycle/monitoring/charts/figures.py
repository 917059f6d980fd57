"""The charts that there are: what each draws, in which colours."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from registry.models import Service, Transport

Words = str | Promise
NOTHING_YET = lazy("No data in this range yet. The first figures arrive within a minute of the first check.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line or bar: the column that it draws, its unit (ms, %, n, B) and the class of its colour."""

    key: str
    word: Words
    unit: str
    ink: str
    style: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One chart. `floor`: percentages that are looked at from just below the lowest up to 100."""

    name: str
    title: Words
    series: tuple[Series, ...]
    stacked: bool = False
    floor: bool = False


RESPONSE = Figure(
    name="response",
    title=lazy("Response time"),
    series=(
        Series(key="p50", word=lazy("p50"), unit="ms", ink="ink-accent", style="strong"),
        Series(key="p95", word=lazy("p95"), unit="ms", ink="ink-accent-2"),
        Series(key="p99", word=lazy("p99"), unit="ms", ink="ink-accent-3"),
    ),
)
CHECKS = Figure(
    name="checks",
    title=lazy("Checks"),
    stacked=True,
    series=(
        Series(key="healthy", word=lazy("healthy"), unit="n", ink="ink-green"),
        Series(key="warning", word=lazy("warning"), unit="n", ink="ink-warn"),
        Series(key="slow", word=lazy("slow"), unit="n", ink="ink-orange"),
        Series(key="failed", word=lazy("failed"), unit="n", ink="ink-bad"),
        Series(key="unknown", word=lazy("inconclusive"), unit="n", ink="ink-gap"),
    ),
)
AVAILABILITY = Figure(
    name="availability",
    title=lazy("Availability"),
    floor=True,
    series=(Series(key="serving", word=lazy("serving"), unit="%", ink="ink-ok", style="strong"),),
)
CALLS = Figure(
    name="calls",
    title=lazy("Tool calls"),
    series=(
        Series(key="calls", word=lazy("calls"), unit="n", ink="ink-accent-2", style="bars"),
        Series(key="error_rate", word=lazy("error rate"), unit="%", ink="ink-bad"),
    ),
)
PROCESS = Figure(
    name="process",
    title=lazy("CPU and memory"),
    series=(
        Series(key="cpu", word=lazy("CPU"), unit="%", ink="ink-accent"),
        Series(key="memory", word=lazy("memory"), unit="B", ink="ink-start"),
    ),
)

OF_FLEET = (RESPONSE,)


def of_service(service: Service) -> tuple[Figure, ...]:
    """Those of its program only where it has one of its own."""
    program = (PROCESS,) if service.transport == Transport.STDIO else ()
    return (RESPONSE, CHECKS, AVAILABILITY, CALLS, *program)
