"""A `Summary` as bytes, in forms of which thousands are merged in milliseconds. Pure.

Short, for up to 16 answers, as 5 minutes mostly have: how many runs of levels, the sum (3 bytes), the least
and the most time (2 each), the runs (level and count in a byte), and for each answer its bucket in a byte. To
count those bytes is to merge the sketches, which Python does in C. Middle, for hours and days: the same with
4 bytes for the sum and 2 for a run, then the sketch as `sketch.encode` writes it. Long, for what fits in
neither: whole numbers of any size, then the sketch.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import length_hint

from lifecycle.core.monitoring import sketch as sketches
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring import varints
from lifecycle.core.monitoring.sketch import SMALLEST, DecodeError, Sketch
from lifecycle.core.monitoring.summary import NO_LEVELS, Summary

LONG, MIDDLE = 0, 64
"""The first byte: 0, or the number of runs, with 64 more in the middle form."""
_SHORT_HEAD, _MIDDLE_HEAD = struct.Struct("<BBHHH"), struct.Struct("<BxIHH")
_SHORT_RUN, _MIDDLE_RUN = 5, 13
"""Bits of a run's count, below those of its level."""
_NUMBER = {SMALLEST: b"\0", **{bucket: bytes([bucket + 1]) for bucket in range(255)}}
"""Of whole milliseconds up to the most that there may be, the buckets have numbers of one byte."""
_MOST_RUNS, _MOST_ANSWERS, _MOST_MS, _MOST_SUM, _NEVER = 60, 16, 60_000, (1 << 32) - 1, (1 << 16) - 1


def pack(summary: Summary) -> bytes:
    """At most 25 bytes for 16 answers of one level."""
    if (summary.max_ms or 0) > _MOST_MS or summary.sum_ms > _MOST_SUM:
        return _long(summary)
    if summary.answered <= _MOST_ANSWERS and (short := _short(summary)):
        return short
    return _middle(summary)


def unpack(data: bytes) -> Summary:
    """The summary that was packed; DecodeError where none was."""
    found = merge([data])
    if pack(found) != data or not _holds_together(found):
        raise DecodeError("no summary")
    return found


def merge(packed: Iterable[bytes]) -> Summary:
    """All of them together. Errors are found as far as they cost nothing to find: `unpack` finds more."""
    short, middle, parts = list[bytes](), list[bytes](), list[Summary]()
    for data in packed:
        if not data or data[0] == LONG:
            parts.append(_read(data))
        elif data[0] < MIDDLE:
            short.append(data)
        else:
            middle.append(data)
    if short:
        parts.append(_merge_short(short))
    if middle:
        parts.append(_merge_middle(middle))
    return summaries.merge(parts)


def _short(summary: Summary) -> bytes | None:
    runs = _runs(summary.levels, _SHORT_RUN)
    if not 0 < len(runs) <= _MOST_RUNS:
        return None
    samples = b"".join([_NUMBER[bucket] * count for bucket, count in sorted(summary.sketch.items())])
    high, low = divmod(summary.sum_ms, 1 << 16)
    return _SHORT_HEAD.pack(len(runs), high, low, *_ends(summary)) + bytes(runs) + samples


def _bucket(number: int) -> int:
    return number - 1 if number else SMALLEST


def _ends(summary: Summary) -> tuple[int, int]:
    return _NEVER if summary.min_ms is None else summary.min_ms, summary.max_ms or 0


def _runs(levels: tuple[int, ...], bits: int) -> list[int]:
    most = (1 << bits) - 1
    runs = [number << bits | total for number, total in enumerate(levels) if 0 < total <= most]
    for number, total in enumerate(levels):
        if total > most:
            runs += [number << bits | part for part in _split(total, most)]
    return runs


def _split(total: int, most: int) -> Iterator[int]:
    """As few numbers as make up *total*, none of them above *most*."""
    whole, rest = divmod(total, most)
    yield from (most for _ in range(min(whole, _MOST_RUNS + 1)))
    if rest:
        yield rest


def _middle(summary: Summary) -> bytes:
    runs = _runs(summary.levels, _MIDDLE_RUN)
    if not 0 < len(runs) <= _MOST_RUNS:
        return _long(summary)
    head = _MIDDLE_HEAD.pack(MIDDLE + len(runs), summary.sum_ms, *_ends(summary))
    return head + struct.pack(f"<{len(runs)}H", *runs) + sketches.encode(summary.sketch)


def _merge_short(packed: Sequence[bytes]) -> Summary:
    size = _SHORT_HEAD.size
    head = _heads(packed, size)
    words = struct.unpack(f"<{len(head) // 2}H", head)
    runs = Counter(b"".join([data[size : size + data[0]] for data in packed]))
    samples = Counter(b"".join([data[size + data[0] :] for data in packed]))
    # The highest byte of the sum stands above the number of runs.
    total = ((sum(words[::4]) - sum(head[::size])) << 8) + sum(words[1::4])
    sketch = {_bucket(number): count for number, count in samples.items()}
    return _summary(_levels(runs.items(), _SHORT_RUN), total, min(words[2::4]), max(words[3::4]), sketch)


def _heads(packed: Sequence[bytes], size: int) -> bytes:
    head = b"".join([data[:size] for data in packed])
    if len(head) != size * len(packed):
        raise DecodeError("too short")
    return head


def _merge_middle(packed: Sequence[bytes]) -> Summary:
    size = _MIDDLE_HEAD.size
    heads = list(_MIDDLE_HEAD.iter_unpack(_heads(packed, size)))
    ends = [size + 2 * (head[0] - MIDDLE) for head in heads]
    runs = b"".join([data[size:end] for data, end in zip(packed, ends, strict=True)])
    if len(runs) != sum(ends) - size * len(ends):
        raise DecodeError("half a run")
    levels = _levels(zip(struct.unpack(f"<{len(runs) // 2}H", runs), repeat(1)), _MIDDLE_RUN)
    _forms, totals, least, most = zip(*heads, strict=True)
    sketch = sketches.merged([data[end:] for data, end in zip(packed, ends, strict=True)])
    return _summary(levels, sum(totals), min(least), max(most), sketch)


def _summary(levels: tuple[int, ...], total: int, least: int, most: int, sketch: Sketch) -> Summary:
    return Summary(levels, total, least, most, sketch) if sketch else Summary(levels, 0, None, None, {})


def _levels(runs: Iterable[tuple[int, int]], bits: int) -> tuple[int, ...]:
    """From runs, and how often each is there."""
    counts, most = list(NO_LEVELS), (1 << bits) - 1
    for run, times in runs:
        counts[run >> bits] += (run & most) * times
    return tuple(counts)


def _long(summary: Summary) -> bytes:
    data = bytearray([LONG])
    varints.write(data, *summary.levels)
    if summary.min_ms is not None and summary.max_ms is not None:
        varints.write(data, summary.sum_ms, summary.min_ms, summary.max_ms - summary.min_ms)
    return bytes(data) + sketches.encode(summary.sketch)


def _read(data: bytes) -> Summary:
    left = iter(data)
    if next(left, None) != LONG:
        raise DecodeError("no summary")
    levels = tuple([varints.read(left) for _ in NO_LEVELS])
    times = [varints.read(left) for _ in range(3)] if length_hint(left) else []
    sketch = sketches.decode(bytes(left))
    if len(times) != (3 if sketch else 0):
        raise DecodeError("times without a sketch")
    if not times:
        return Summary(levels, 0, None, None, {})
    return Summary(levels, times[0], times[1], times[1] + times[2], sketch)


def _holds_together(summary: Summary) -> bool:
    """Whether its parts agree, as those of bytes from elsewhere hardly ever do."""
    answered, least, most = summary.answered, summary.min_ms, summary.max_ms
    if least is None or most is None:
        return summary.sum_ms == 0
    ends = (min(summary.sketch), max(summary.sketch))
    return (
        answered <= summary.total
        and answered * least <= summary.sum_ms <= answered * most
        and ends == (sketches.index(least), sketches.index(most))
    )
