"""Random histories of a service, and a slow oracle that looks at every second of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from lifecycle.core.monitoring.service_hours import Interval, ServiceHours
from lifecycle.core.monitoring.uptime import Account, Change, Standing

ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai")
]
# In each of these the clocks of some of the zones are changed; the others are plain days.
DATES = ("03-08", "03-29", "04-04", "07-01", "10-03", "10-25", "11-01")
DAYS = [datetime.fromisoformat(f"2026-{date}T00:00+00:00") for date in DATES]
LETTER = {standing: ord(standing[0]) for standing in Standing}
UNLESS_EXCLUDED = bytes.maketrans(b"sd", b"uu")


@dataclass(frozen=True)
class History:
    """What `account` is asked; all times are whole seconds."""

    changes: list[Change]
    gaps: list[Interval]
    excluded: list[Interval]
    start: int
    end: int
    hours: ServiceHours | None


def slow_account(history: History) -> Account:
    """Paint second after second: states as they were recorded, gaps over them, what is excluded over all."""
    start, length = history.start, history.end - history.start
    seconds = bytearray([LETTER[Standing.UNKNOWN]]) * length

    def paint(first: float, last: float, standing: Standing) -> None:
        here, there = (int(min(max(at - start, 0), length)) for at in (first, last))
        seconds[here:there] = bytes([LETTER[standing]]) * max(there - here, 0)

    for at, standing in history.changes:
        paint(at, history.end, standing)
    for gap in history.gaps:
        part = slice(*(int(min(max(at - start, 0), length)) for at in (gap.start, gap.end)))
        seconds[part] = seconds[part].translate(UNLESS_EXCLUDED)
    for out in history.excluded:
        paint(out.start, out.end, Standing.EXCLUDED)
    if history.hours:
        for minute in range(start // 60, history.end // 60 + 1):
            if not in_hours(history.hours, minute * 60):
                paint(minute * 60, minute * 60 + 60, Standing.EXCLUDED)
    return Account(*(float(seconds.count(LETTER[each])) for each in Standing))


def in_hours(hours: ServiceHours, at: int) -> bool:
    """Look at the clock on the wall."""
    wall = datetime.fromtimestamp(at, hours.zone)
    shown, day = wall.hour * 60 + wall.minute, wall.weekday()
    if hours.begin < hours.end:
        return day in hours.weekdays and hours.begin <= shown < hours.end
    evening = day in hours.weekdays and shown >= hours.begin
    return evening or ((day - 1) % 7 in hours.weekdays and shown < hours.end)


@st.composite
def service_hours(draw: st.DrawFn) -> ServiceHours:
    """Any, those over midnight and those in the hour of a clock change among them."""
    quarter = st.integers(0, 95).map(lambda n: n * 15)
    return ServiceHours(
        weekdays=frozenset(draw(st.sets(st.integers(0, 6)))),
        begin=draw(quarter),
        end=draw(quarter | st.just(24 * 60)),
        zone=draw(st.sampled_from(ZONES)),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """About a local day, often one of 23 or 25 hours; the clock may be set back at any change."""
    zone, day = draw(st.sampled_from(ZONES)), draw(st.sampled_from(DAYS))
    start, end = (midnight(zone, day + timedelta(days=n)) for n in (0, draw(st.integers(1, 2))))
    start += draw(st.integers(-7200, 7200) | st.just(0))
    moment = st.integers(start - 5000, end + 5000)
    steps = draw(st.lists(st.integers(-4000, 20_000), max_size=12))
    ats = [start - 3000 + sum(steps[: n + 1]) for n in range(len(steps))]
    standings = draw(st.lists(st.sampled_from(Standing), min_size=len(ats), max_size=len(ats)))
    intervals = st.lists(st.tuples(moment, moment).map(sorted).map(lambda pair: Interval(*pair)), max_size=4)
    return History(
        changes=list(zip(map(float, ats), standings, strict=True)),
        gaps=draw(intervals),
        excluded=draw(intervals),
        start=start,
        end=end,
        hours=draw(st.none() | service_hours()),
    )


def midnight(zone: ZoneInfo, day: datetime) -> int:
    """The beginning of a local day."""
    return int(datetime.combine(day.date(), time(), zone).timestamp())


def edges_of(history: History, cuts: Sequence[int]) -> list[int]:
    """The whole in pieces."""
    inner = sorted({history.start + cut % (history.end - history.start) for cut in cuts})
    return [history.start, *(cut for cut in inner if cut > history.start), history.end]
