"""Which stored rows make up a window of time, and which points its chart has. Pure; in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

RAW, MINUTES, HOUR, DAY = 0, 300, 3600, 86400
"""What is stored: single checks, and roll-ups of so many seconds."""
COARSE_FIRST = (DAY, HOUR, MINUTES)
STEPS = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
"""The seconds that a point of a chart may cover."""
RAW_STEPS_FOR = 2 * 3600
"""Windows of up to two hours are drawn from single checks."""


def floor(at: float, span: int) -> int:
    """The start of the span in which *at* lies."""
    return int(at // span) * span


def ceil(at: float, span: int) -> int:
    """The first start of a span that is not before *at*."""
    return -int(-at // span) * span


def span_of(step: int) -> int:
    """The stored span from which points of *step* seconds are made."""
    return next((span for span in COARSE_FIRST if step % span == 0), RAW)


@dataclass(frozen=True, slots=True)
class Kept:
    """`since`: from when on the rows of each span are all there. `until`: up to when spans are rolled up."""

    since: Mapping[int, int]
    until: Mapping[int, int]

    def has(self, span: int, start: float) -> bool:
        """Whether rows of *span* from *start* on are still there."""
        return self.since.get(span, 0) <= start


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """The rows of one span, or single checks, whose time lies in [start, end)."""

    start: float
    end: float
    span: int


def step_for(start: float, end: float, points: int, kept: Kept, finest: int = RAW) -> int:
    """The finest step that needs at most so many points, of rows that are still there."""
    for step in STEPS:
        span = span_of(step)
        if step < finest:
            continue
        if span == RAW and (end - start > RAW_STEPS_FOR or not kept.has(RAW, start)):
            continue
        if (end - start) / step <= points and kept.has(span, ceil(start, step)):
            return step
    return STEPS[-1]


def closed_and_open(start: float, end: float, span: int, kept: Kept) -> list[Piece]:
    """*span* where it is rolled up, and finer rows for what is not yet; *start* is the start of one."""
    if span == RAW:
        return [Piece(start, end, RAW)]
    pieces, at = [], start
    for finer in (each for each in COARSE_FIRST if each <= span):
        upto = min(kept.until.get(finer, 0), end) if finer > MINUTES else end
        if at < upto:
            pieces.append(Piece(at, upto, finer))
            at = upto
    return pieces


def cover(start: float, end: float, kept: Kept) -> list[Piece]:
    """The fewest rows that make up [start, end), each moment in one piece, in the order of time.

    Its ends are exact where single checks are still there; elsewhere each is moved back to the start of the
    finest span that is, so that windows that meet still meet.
    """
    return sorted(
        piece for piece in _cover(_moved(start, kept), _moved(end, kept), kept) if piece.start < piece.end
    )


def _moved(at: float, kept: Kept) -> float:
    for span in (RAW, MINUTES, HOUR):
        if kept.has(span, at if span == RAW else floor(at, span)):
            return at if span == RAW else floor(at, span)
    return floor(at, DAY)


def _cover(start: float, end: float, kept: Kept, spans: tuple[int, ...] = COARSE_FIRST) -> Iterator[Piece]:
    """The whole spans within, and what is left at both ends from the next finer ones."""
    if not spans:
        yield Piece(start, end, RAW)
        return
    span, *finer = spans
    first, last = ceil(start, span), floor(end, span)
    if span > MINUTES:
        last = min(last, floor(kept.until.get(span, 0), span))
    if first >= last:
        yield from _cover(start, end, kept, tuple(finer))
        return
    yield from _cover(start, first, kept, tuple(finer))
    yield Piece(first, last, span)
    yield from _cover(last, end, kept, tuple(finer))
