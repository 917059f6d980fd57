"""What a service's processes wrote, as lines for people, and what they use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.models import ChildProcess, LogPiece
from lifecycle.pages import humanize
from registry.models import Service, Transport


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Lines that came together; a note is the console's own."""

    note: bool
    iso: str
    clock: str
    full: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Logs:
    """The log from some id on, and the process as it is now; `last_id` is the id to go on from."""

    pieces: list[Piece]
    last_id: int
    usage: list[str]
    running: bool


def has_logs(service: Service) -> bool:
    """Whether there is a process whose output could be kept."""
    return service.transport == Transport.STDIO


def pieces_of(service: Service, after: int = 0) -> list[LogPiece]:
    """What is kept of its output, or what came after an id; oldest first."""
    return list(LogPiece.objects.filter(service=service, id__gt=after).order_by("id"))


def process_of(service: Service) -> ChildProcess | None:
    """The process that runs, or the last one that did."""
    return ChildProcess.objects.filter(service=service).first()


def logs_of(service: Service, after: int = 0) -> Logs:
    """What came after an id; two queries."""
    rows = pieces_of(service, after)
    process = process_of(service)
    return Logs(
        pieces=[_piece(row) for row in rows],
        last_id=rows[-1].pk if rows else after,
        usage=_usage(process) if process else [],
        running=process is not None and process.ended_at is None,
    )


def as_text(service: Service) -> str:
    """All that is kept, as a file to download."""
    return "".join(
        row.text
        if row.kind == LogPiece.Kind.OUTPUT
        else f"--- {row.at:%Y-%m-%d %H:%M:%S} UTC: {row.text} ---\n"
        for row in pieces_of(service)
    )


def _piece(row: LogPiece) -> Piece:
    return Piece(
        note=row.kind == LogPiece.Kind.NOTE,
        iso=humanize.iso(row.at),
        clock=f"{row.at:%H:%M:%S}",
        full=humanize.local(row.at),
        text=row.text.removesuffix("\n"),
    )


def _usage(process: ChildProcess) -> list[str]:
    if process.ended_at is not None:
        return [_ended(process, process.ended_at)]
    parts = [_("process %(pid)s") % {"pid": process.pid}]
    if process.processes > 1:
        parts.append(ngettext("%d process", "%d processes", process.processes) % process.processes)
    if process.cpu_percent is not None:
        parts.append(_("CPU %(percent).1f %%") % {"percent": process.cpu_percent})
    if process.memory_bytes is not None:
        parts.append(_("memory %(megabytes).0f MB") % {"megabytes": process.memory_bytes / 1e6})
    return parts


def _ended(process: ChildProcess, at: datetime) -> str:
    return _("%(what)s at %(when)s") % {"what": process.ending, "when": humanize.local(at)}
