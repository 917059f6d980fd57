"""How long answers took, so that percentiles of any window come from adding: buckets of base 2^(1/16). Pure.

Bucket *i* counts what is above 2^((i-1)/16) ms and at most 2^(i/16) ms: the law of a Prometheus native
histogram of schema 4. A quantile errs by at most 2.2 % of its value, whatever the distribution, since it is
the middle of the bucket in which that sample lies.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import add as add_up

from lifecycle.core.monitoring import varints

DecodeError = varints.DecodeError
Sketch = dict[int, int]
"""Bucket to count. Taken as a value: nothing here changes the one that it is given, but for `add`."""
PER_DOUBLING = 16
SMALLEST = -160
"""The bucket of all up to 2^-10 ms, nothing and less than nothing among it; its value is 0."""
LARGEST = 640
"""The bucket of all above 2^40 ms, which is 35 years."""
_FULL = 15
_ROUNDING = 1e-9
_WIDE = b"\xff\x07"
"""No sketch begins so otherwise, for there is no bucket of that number."""
_MANY, _MOST, _SEVERAL = 64, (1 << 32) - 1, 4


def index(ms: float) -> int:
    """The bucket of *ms* milliseconds."""
    if ms <= 0:
        return SMALLEST
    return min(max(math.ceil(PER_DOUBLING * math.log2(ms)), SMALLEST), LARGEST)


def top(bucket: int) -> float:
    """The upper bound of a bucket in milliseconds, which belongs to it."""
    return float(2 ** (bucket / PER_DOUBLING))


def value(bucket: int) -> float:
    """What stands for a bucket, in ms: in proportion as far from its lower bound as from its upper."""
    if bucket <= SMALLEST:
        return 0.0
    lower, upper = top(bucket - 1), top(bucket)
    return 2 * lower * upper / (lower + upper)


def add(sketch: Sketch, ms: float, n: int = 1) -> None:
    """Count *n* more answers of *ms* milliseconds."""
    bucket = index(ms)
    sketch[bucket] = sketch.get(bucket, 0) + n


def merge(*sketches: Sketch) -> Sketch:
    """All of them together; in any order, and in any groups, the same."""
    merged: Sketch = dict(sketches[0]) if sketches else {}
    for sketch in sketches[1:]:
        for bucket, count in sketch.items():
            merged[bucket] = merged.get(bucket, 0) + count
    return merged


def quantile(sketch: Sketch, q: float) -> float | None:
    """As `quantiles`, of one."""
    return quantiles(sketch, (q,))[0]


def quantiles(sketch: Sketch, qs: Iterable[float]) -> list[float | None]:
    """For each of *qs*, from 0 to 1 and ascending, the least time in ms that this share does not exceed.

    That is a sample's own value (nearest rank), never one between two of them; None where nothing is counted.
    """
    buckets = sorted(sketch)
    upto = list(accumulate(map(sketch.__getitem__, buckets)))
    if not upto or not upto[-1]:
        return [None for _ in qs]
    ranks = (max(math.ceil(q * upto[-1] - _ROUNDING), 1) for q in qs)
    return [value(buckets[bisect_left(upto, rank)]) for rank in ranks]


def encode(sketch: Sketch) -> bytes:
    """Mostly one byte a bucket: how far from the one before, and how many; of many answers four bytes."""
    buckets = sorted((bucket, count) for bucket, count in sketch.items() if count)
    if not buckets:
        return b""
    first, last, counts = buckets[0][0], buckets[-1][0], [count for _, count in buckets]
    if sum(counts) >= _MANY * (last - first + 1) and max(counts) <= _MOST:
        side_by_side = [sketch.get(bucket, 0) for bucket in range(first, last + 1)]
        return _WIDE + struct.pack(f"<h{len(side_by_side)}I", first, *side_by_side)
    data, before = bytearray(), first - 1
    varints.write(data, first - SMALLEST)
    for bucket, count in buckets:
        step, more = bucket - before - 1, count - 1
        data.append(min(step, _FULL) << 4 | min(more, _FULL))
        varints.write(data, *(rest - _FULL for rest in (step, more) if rest >= _FULL))
        before = bucket
    return bytes(data)


def decode(data: bytes) -> Sketch:
    """The sketch that was encoded; DecodeError where none was."""
    if not data:
        return {}
    sketch = _decode_wide(data) if data.startswith(_WIDE) else _decode_narrow(data)
    # Both are in the order of their buckets.
    if not sketch or next(iter(sketch)) < SMALLEST or next(reversed(sketch)) > LARGEST:
        raise DecodeError("no sketch")
    return sketch


def merged(encoded: Sequence[bytes]) -> Sketch:
    """As `merge` of what each decodes to. Thousands are read for one chart of all services."""
    wide = [data for data in encoded if data.startswith(_WIDE)]
    if len(wide) < _SEVERAL:
        return merge(*map(decode, encoded))
    narrow = [decode(data) for data in encoded if not data.startswith(_WIDE)]
    return merge(*narrow, _added_up(wide))


def _added_up(wide: Iterable[bytes]) -> Sketch:
    """Python's C adds."""
    parts = [_wide(data) for data in wide]
    low = min(first for first, _ in parts)
    sums = [0] * (max(first + len(counts) for first, counts in parts) - low)
    for first, counts in parts:
        place = slice(first - low, first - low + len(counts))
        sums[place] = map(add_up, sums[place], counts)
    return {bucket: count for bucket, count in enumerate(sums, low) if count}


def _wide(data: bytes) -> tuple[int, list[int]]:
    """The first bucket, and the counts from there on."""
    try:
        first, *counts = struct.unpack(f"<h{(len(data) - len(_WIDE)) // 4}I", data[len(_WIDE) :])
    except struct.error:
        raise DecodeError("no whole number of counts") from None
    if not counts or first < SMALLEST or first + len(counts) - 1 > LARGEST:
        raise DecodeError("no sketch")
    return first, counts


def _decode_wide(data: bytes) -> Sketch:
    first, counts = _wide(data)
    sketch = dict(zip(range(first, first + len(counts)), counts, strict=True))
    return {bucket: count for bucket, count in sketch.items() if count} if 0 in counts else sketch


def _decode_narrow(data: bytes) -> Sketch:
    left = iter(data)
    sketch, bucket = Sketch(), varints.read(left) + SMALLEST - 1
    for byte in left:
        step, more = byte >> 4, byte & _FULL
        if step == _FULL:
            step += varints.read(left)
        if more == _FULL:
            more += varints.read(left)
        bucket += step + 1
        sketch[bucket] = more + 1
    return sketch
