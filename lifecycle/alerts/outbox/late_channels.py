"""Tell channels of alerts that are open already: a channel is new to the rule, or a silence is over."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from lifecycle.alerts.outbox import write
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.silences import quiet
from lifecycle.models import Channel, Delivery, Episode
from lifecycle.monitoring.settings import queries as monitoring


def catch_up(now: datetime, at_once: int) -> int:
    """Queue the beginning of what fires now for those channels that never got it; returns how many messages.

    What somebody has acknowledged is in good hands, and not told anew.
    """
    told = Delivery.objects.filter(
        episode=OuterRef("pk"), channel=OuterRef("told_to"), kind=Delivery.Kind.FIRING
    )
    firing = Episode.objects.filter(state=Episode.State.FIRING, rule__channels__enabled=True)
    missing = firing.annotate(told_to=F("rule__channels")).filter(~Exists(told)).order_by("pk")
    hush = quiet.now_is(now)
    if not hush.reasons:
        return _tell(list(missing.values_list("pk", "told_to")[:at_once]), now)
    rows = missing.select_related("service", "rule")
    pairs = [(row.pk, getattr(row, "told_to", 0)) for row in rows.iterator() if hush.why(row) is None]
    return _tell(pairs[:at_once], now)


def _tell(pairs: list[tuple[int, int]], now: datetime) -> int:
    """Queue what of these still fires and still has its channel: people end and delete things meanwhile."""
    if not pairs or not monitoring.current().alerts_enabled:
        return 0
    firing = Episode.objects.filter(pk__in={pk for pk, _ in pairs}, state=Episode.State.FIRING)
    listening = Channel.objects.filter(pk__in={pk for _, pk in pairs}, enabled=True)
    with transaction.atomic():
        locked = firing.select_related("rule", "service__state_row").order_by("pk")
        episodes = locked.select_for_update(of=("self",), no_key=True).in_bulk()
        channels = listening.order_by("pk").select_for_update(no_key=True).in_bulk()
        left = [pair for pair in pairs if pair[0] in episodes and pair[1] in channels]
        for episode, channel in left:
            write.queue_late(episodes[episode], channels[channel], now)
        rule_values.note_all([episodes[pk] for pk in dict.fromkeys(pk for pk, _ in left)], now)
    return len(left)
