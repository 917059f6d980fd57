"""Which service needs which: one row for each pair."""

from __future__ import annotations

from django.db import models

from registry.core.scope import Limits
from registry.models.scoped import Scoped, in_view
from registry.models.service import Service


class DependencyQuerySet(models.QuerySet["Dependency"]):
    def standing(self) -> DependencyQuerySet:
        """Those between services that are both listed."""
        return self.filter(
            service__removed_at=None,
            service__archived_at=None,
            depends_on__removed_at=None,
            depends_on__archived_at=None,
        )


class Dependency(models.Model):
    """`service` needs `depends_on`. The entry of the service says so; only registration writes these rows."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="needs", db_index=False)
    depends_on = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="needed_by")

    objects = Scoped.from_queryset(DependencyQuerySet)()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "depends_on"], name="dependency_unique")]

    @staticmethod
    def within(limits: Limits) -> models.Q:
        """Those between two services that are both visible."""
        return in_view("service", limits) & in_view("depends_on", limits)

    def __str__(self) -> str:
        return f"{self.service_id} needs {self.depends_on_id}"
