"""Targets with what was found of them: a row each, whatever they are about."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from lifecycle.models import Slo
from registry.models import Service


def targets() -> QuerySet[Slo]:
    """All, those with the least left of their budget first; those not yet counted last."""
    found = Slo.objects.select_related("service", "state_row")
    heavy = found.defer("state_row__trail", "state_row__closed")
    share = F("state_row__left_s") / F("state_row__total_s")
    return heavy.annotate(left=share).order_by(F("left").asc(nulls_last=True), "pk")


def targets_of(service: Service) -> QuerySet[Slo]:
    """Those of the service itself and of its tags."""
    return targets().filter(Q(service=service) | Q(tag__in=service.tags, tag__gt=""))


def name_of(slo: Slo) -> str:
    """What it is about, for the audit log and lists."""
    return slo.service.name if slo.service else f"#{slo.tag}"
