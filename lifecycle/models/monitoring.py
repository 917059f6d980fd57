"""How monitoring is set; what it measures is in models of its own."""

from __future__ import annotations

from django.db import models


class MonitoringSettings(models.Model):
    """One row: the options that differ from the defaults. Written by `monitoring.settings`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    changes = models.JSONField(default=dict)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()
