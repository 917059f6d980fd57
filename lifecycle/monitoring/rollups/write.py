"""The 5 minutes that are under way: written in the transaction that writes the checks themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.core.monitoring.summary import EMPTY, Summary
from lifecycle.models import CheckResult
from lifecycle.monitoring.rollups import marks, tables
from lifecycle.monitoring.rollups.marks import Mark
from lifecycle.monitoring.rollups.tables import Key


@dataclass(frozen=True, slots=True)
class Sample:
    """A check whose row is new: *epoch* is that of the service's lease, *at* in ms since 1970."""

    service_id: int
    epoch: int
    at: int
    level: int
    ms: int | None


@dataclass(frozen=True, slots=True)
class _Open:
    epoch: int
    at: int
    summary: Summary


class Rollups:
    """One per worker. Remembers what was committed last of each service, so that it need not be read again.

    Who writes takes it out, and what is new goes in after the commit. If there is no commit, or somebody else
    writes before it, nothing is remembered, and the rows are read.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}

    def add(self, samples: Sequence[Sample]) -> None:
        """Count *samples*, whose rows are written in this transaction."""
        if not samples:
            return
        new = _by_key(samples)
        epochs = {sample.service_id: sample.epoch for sample in samples}
        known = marks.held()
        rows = self._after(new, epochs, filling=marks.BACKFILL in known)
        tables.put(MINUTES, rows)
        _add_late(new, known)
        transaction.on_commit(partial(self._keep, rows, epochs))

    def _after(
        self, new: Mapping[Key, list[Sample]], epochs: Mapping[int, int], *, filling: bool
    ) -> dict[Key, Summary]:
        before = self._take(new, epochs)
        before |= tables.found(MINUTES, new.keys() - before.keys())
        # Their checks from before an upgrade are not summed up yet; the new ones are among them.
        whole = from_checks(new.keys() - before.keys()) if filling else {}
        return {
            key: whole[key] if key in whole else _plus(before.get(key, EMPTY), samples)
            for key, samples in new.items()
        }

    def _take(self, keys: Iterable[Key], epochs: Mapping[int, int]) -> dict[Key, Summary]:
        taken = {}
        for service_id, at in keys:
            held = self._open.pop(service_id, None)
            if held is not None and (held.epoch, held.at) == (epochs[service_id], at):
                taken[service_id, at] = held.summary
        return taken

    def _keep(self, rows: Mapping[Key, Summary], epochs: Mapping[int, int]) -> None:
        for (service_id, at), summary in sorted(rows.items(), key=lambda row: row[0]):
            self._open[service_id] = _Open(epochs[service_id], at, summary)


def from_checks(keys: Collection[Key]) -> dict[Key, Summary]:
    """The same summaries from the checks themselves."""
    return {
        (service_id, at): summaries.of(
            CheckResult.objects.filter(
                service_id=service_id, at__gte=at * 1000, at__lt=(at + MINUTES) * 1000
            ).values_list("level", "ms")
        )
        for service_id, at in keys
    }


def _by_key(samples: Iterable[Sample], span: int = MINUTES) -> dict[Key, list[Sample]]:
    found: dict[Key, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.service_id, spans.floor(sample.at // 1000, span)].append(sample)
    return found


def _plus(summary: Summary, samples: Iterable[Sample]) -> Summary:
    for sample in samples:
        summary = summaries.add(summary, sample.level, sample.ms)
    return summary


def _add_late(new: Mapping[Key, list[Sample]], known: Mapping[str, Mark]) -> None:
    """Into hours and days that are rolled up already, as happens when the clock was set back."""
    first, fleet = min(at for _, at in new), known.get(marks.FLEET[MINUTES])
    if fleet is not None and first < fleet.until:
        marks.lower_fleet(first)
    for span in (HOUR, DAY):
        mark = known.get(marks.SERVICES[span])
        late = [
            sample
            for (service_id, at), samples in new.items()
            if mark is not None and mark.has_passed(service_id, at, span)
            for sample in samples
        ]
        if late:
            grouped = _by_key(late, span)
            before = tables.found(span, grouped)
            tables.put(
                span, {key: _plus(before.get(key, EMPTY), samples) for key, samples in grouped.items()}
            )
