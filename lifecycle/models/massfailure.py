"""The times in which most services failed at once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.models.scoped import Scoped, nothing


class MassFailure(models.Model):
    """One of them, from when it was noticed until at most a quarter fails; at most one is under way."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)
    total = models.PositiveIntegerField(help_text="services that should run, when it was noticed")
    failing = models.PositiveIntegerField(help_text="of them, at its worst")
    worker = models.CharField(max_length=100, default="", blank=True)

    objects = Scoped["MassFailure"]()
    within = staticmethod(nothing)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["open"], condition=Q(open=True), name="one_mass_failure")
        ]
