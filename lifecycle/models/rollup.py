"""What the checks of 5 minutes, an hour and a day amount to; written by `monitoring.rollups` alone.

`at` is the start of the span in seconds since 1970, a multiple of its length: days are days of UTC.
`data` is a `Summary` as `core.monitoring.packing` packs it.
"""

from __future__ import annotations

from django.db import models

from registry.models import Service
from registry.models.scoped import Scoped, nothing


class Rollup(models.Model):
    """One service's span. The tables have no row ids on SQLite: a third of the size."""

    pk = models.CompositePrimaryKey("service_id", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    at = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        abstract = True


class Rollup5m(Rollup):
    """Written in the transaction that writes the checks."""

    objects = Scoped["Rollup5m"]()


class Rollup1h(Rollup):
    """Of hours that are over, up to the mark `hour`; beyond it the 5 minutes count."""

    objects = Scoped["Rollup1h"]()


class Rollup1d(Rollup):
    """Of days that are over, up to the mark `day`; beyond it the hours count."""

    objects = Scoped["Rollup1d"]()


class FleetRollup(models.Model):
    """All services together. The four times are seconds of one service, added over all of them."""

    pk = models.CompositePrimaryKey("span", "at")
    span = models.PositiveIntegerField(help_text="seconds: 300, 3600 or 86400")
    at = models.BigIntegerField()
    data = models.BinaryField()
    serving_s = models.FloatField(default=0)
    down_s = models.FloatField(default=0)
    excluded_s = models.FloatField(default=0)
    unknown_s = models.FloatField(default=0)
    services = models.PositiveIntegerField(default=0, help_text="most that were checked in 5 minutes of it")

    objects = Scoped["FleetRollup"]()
    within = staticmethod(nothing)


class RollupMark(models.Model):
    """How far a background step has come, so that a kill loses nothing and repeats nothing.

    All before `until` is done, and of the span that begins there the services up to `service_id`. The mark
    `backfill` is there only while something is left; its `until` is the oldest 5 minutes that were found.
    """

    name = models.CharField(primary_key=True, max_length=20)
    until = models.BigIntegerField()
    service_id = models.BigIntegerField(default=0)
