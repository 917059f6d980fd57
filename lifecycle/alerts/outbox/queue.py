"""The delivery queue: what is due, taking it, and writing down how the attempt went."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.alerts.outbox import gather
from lifecycle.alerts.outbox.gather import NEVER_BEGUN
from lifecycle.alerts.outbox.write import KEPT_TRYING, TEST_KEPT_TRYING
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.senders.letter import ANSWER_LIMIT
from lifecycle.core.alerting import pace
from lifecycle.core.alerting.grouping import ALONE, Pacing
from lifecycle.core.timing.durations import span
from lifecycle.models import Channel, Delivery, DeliveryAttempt
from registry.access import audit
from registry.models.limits import current

# Longer than any attempt may take: a row that a killed worker had taken is free again after this.
CLAIM = timedelta(seconds=30)
TOO_LATE = "not delivered in time"
QUEUED, DELIVERED = Delivery.State.QUEUED, Delivery.State.DELIVERED
PARTIAL, DEAD = Delivery.State.PARTIAL, Delivery.State.DEAD


# Asked four times a second, and the answer is nearly always no: by Django it costs ten times as much.
ANY_DUE = (
    f"SELECT 1 FROM {Delivery._meta.db_table}"  # noqa: S608
    f" WHERE state = '{QUEUED.value}' AND next_attempt_at <= %s LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one attempt went. `refused` says of which recipients, and why, where others took it."""

    ok: bool
    answer: str
    took: timedelta
    retry_after: timedelta | None = None
    gone: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def later(self) -> list[str]:
        """Those refused for now only: an SMTP answer of 4xx."""
        return [address for address, said in self.refused.items() if said.startswith("4")]


def any_due(now: datetime) -> bool:
    """Whether the time of any message has come; which channel has one to send is told by `due_channels`."""
    with connection.cursor() as cursor:
        cursor.execute(ANY_DUE, [connection.ops.adapt_datetimefield_value(now)])
        return cursor.fetchone() is not None


def due_channels(now: datetime, pacing: Pacing, kinds: Collection[str] | None = None) -> list[int]:
    """The channels, of these kinds where some are given, that have something to send, and are not pausing."""
    due = Delivery.objects.filter(state=QUEUED, group=None, next_attempt_at__lte=now, channel__enabled=True)
    if kinds is not None:
        due = due.filter(channel__kind__in=kinds)
    if pacing.interval:
        due = due.filter(_at_once() | _rested(now))
    return list(due.order_by().values_list("channel", flat=True).distinct())


def _at_once() -> Q:
    """What no group waits for: a repetition, what is no alert, all of channels that take each by itself."""
    return (
        Q(attempts__gt=0)
        | Q(kind__in=[Delivery.Kind.TEST, Delivery.Kind.REPORT])
        | Q(channel__kind__in=ALONE)
    )


def _rested(now: datetime) -> Q:
    plain = Q(channel__quiet_until=None) | Q(channel__quiet_until__lte=now)
    critical = Q(channel__urgent_quiet_until=None) | Q(channel__urgent_quiet_until__lte=now)
    return (Q(urgent=False) & plain) | (Q(urgent=True) & critical)


def take(channel: int, now: datetime, pacing: Pacing) -> Delivery | None:
    """The next message of the channel, claimed: the oldest that needs no group, or else all that is new."""
    beginning = Delivery.objects.filter(pk=OuterRef("beginning"), state=QUEUED, delivered_at=None)
    due = Delivery.objects.filter(
        channel=channel, state=QUEUED, group=None, next_attempt_at__lte=now, channel__enabled=True
    )
    if pacing.interval:
        due = due.filter(_at_once())
    for delivery in due.order_by("id").select_related("channel", "beginning__group", "episode")[:20]:
        if _ends_what_never_began(delivery):
            _bury(delivery, NEVER_BEGUN, now)
        elif gather.overtaken(delivery, now):
            note(delivery, now)
            return take(channel, now, pacing)  # the end that was read above tells more by now
        elif gather.called_off(delivery):
            note(delivery, now)
        elif not must_wait(delivery, beginning) and _claim(delivery, now):
            _overtake(delivery.beginning)
            return delivery
    return _gathered(channel, now, pacing) if pacing.interval else None


def must_wait(delivery: Delivery, beginning: QuerySet[Delivery]) -> bool:
    """An end or reminder for its beginning, an end for a reminder that comes again, too."""
    if not delivery.beginning_id:
        return False
    if delivery.kind == Delivery.Kind.RESOLVED and delivery.episode_id:
        tried = gather.tried(delivery.channel_id).filter(episode=delivery.episode_id)
        if tried.exists():
            return True
    return Delivery.objects.filter(Exists(beginning), pk=delivery.pk).exists()


def _gathered(channel: int, now: datetime, pacing: Pacing) -> Delivery | None:
    """In one transaction: a group that nobody has claimed would itself be gathered into another."""
    with transaction.atomic():
        found = gather.gather(channel, now, pacing)
        if found is None or not _claim(found, now):
            return None
        _overtake(found.beginning)
    return found


def _overtake(beginning: Delivery | None) -> None:
    """An end goes out: who has no beginning by now gets neither, so that none comes after its end."""
    if beginning is not None:
        own = Delivery.objects.filter(pk=beginning.pk, state=QUEUED, group=None)
        own.filter(members=None).update(state=PARTIAL, to=[])


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Ours until the time that is now in the row, which is also how `settle` knows the claim again."""
    free = _as_read(delivery)
    delivery.attempts += 1
    delivery.next_attempt_at = now + CLAIM
    return bool(free.update(next_attempt_at=delivery.next_attempt_at, attempts=delivery.attempts))


def _as_read(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=QUEUED, next_attempt_at=delivery.next_attempt_at)


def _ends_what_never_began(delivery: Delivery) -> bool:
    return delivery.beginning is not None and delivery.beginning.state == DEAD


def _bury(delivery: Delivery, answer: str, now: datetime) -> None:
    mine = Q(pk=delivery.pk) | Q(group=delivery)
    Delivery.objects.filter(mine, state=QUEUED).update(state=DEAD, answer=answer)
    note(delivery, now)


def settle(delivery: Delivery, outcome: Outcome, now: datetime, chance: float) -> None:
    """Write the attempt and what follows from it, in one transaction.

    Who was so late that another took the message over only notes the attempt.
    """
    answer = outcome.answer[:ANSWER_LIMIT]
    ms = round(outcome.took.total_seconds() * 1000)
    with transaction.atomic():
        whole = outcome.ok and not outcome.refused
        DeliveryAttempt.objects.create(delivery=delivery, at=now, ok=whole, answer=answer, ms=ms)
        if outcome.ok:
            fields = {"answer": answer, **_after_success(delivery, outcome, now, chance)}
        else:
            fields = {"answer": answer, **_after_failure(delivery, outcome, now, chance)}
        mine = _as_read(delivery).update(**fields)
        if mine:
            _follow(delivery, fields, now)
        if mine and outcome.gone:
            _switch_off(delivery.channel, answer, now)
        note(delivery, now)


def _follow(delivery: Delivery, fields: Mapping[str, object], now: datetime) -> None:
    """What became of a message for several is what became of each of them."""
    told = {name: fields[name] for name in ("state", "delivered_at", "answer") if name in fields}
    if delivery.episode_id is None and {"state", "delivered_at"} & set(told):
        members = Delivery.objects.filter(group=delivery, state=QUEUED)
        episodes = list(members.exclude(episode=None).values_list("episode", flat=True))
        if members.update(**told):
            rule_values.note_ids([key for key in episodes if key is not None], now)


def _switch_off(channel: Channel, answer: str, now: datetime) -> None:
    """Its receiver is gone for good, by its own word."""
    Channel.objects.filter(pk=channel.pk).update(enabled=False, disabled_reason=answer[:300])
    before, after = {"enabled": channel.enabled}, {"enabled": False}
    audit.note("worker", "channel.disable", channel.name, answer, now=now, before=before, after=after)


def _after_success(delivery: Delivery, outcome: Outcome, now: datetime, chance: float) -> dict[str, object]:
    """Delivered, unless some were refused: those of them who may take it later are tried again, alone."""
    tried = set(delivery.to)
    kept = {address: said for address, said in delivery.refused.items() if tried and address not in tried}
    refused = {**kept, **outcome.refused}
    fields: dict[str, object] = {"delivered_at": delivery.delivered_at or now, "refused": refused}
    if not outcome.later:
        return {**fields, "state": PARTIAL if refused else DELIVERED, "to": []}
    return {**fields, "to": outcome.later, **_after_failure(delivery, outcome, now, chance, some=True)}


def _after_failure(
    delivery: Delivery, outcome: Outcome, now: datetime, chance: float, *, some: bool = False
) -> dict[str, object]:
    """Later again, or never; *some* of the recipients have it by now."""
    following = now + pace.wait_before_next(delivery.attempts, chance, outcome.retry_after)
    once = delivery.kind == Delivery.Kind.TEST
    if once or outcome.gone or following >= delivery.expires_at:
        return {"state": PARTIAL if some or delivery.delivered_at else DEAD}
    return {"next_attempt_at": following}


def expire(now: datetime, pausing: Mapping[int, float] | None = None) -> int:
    """Bury what has waited too long, as for a channel that is switched off; how many.

    *pausing* are the channels that have to wait, and for how many seconds more.
    """
    late = Delivery.objects.filter(state=QUEUED, group=None, expires_at__lte=now, next_attempt_at__lte=now)
    for channel, seconds in (pausing or {}).items():
        answer = f"not sent: the receiver requested a pause, which lasts another {span(int(seconds))}"
        late.filter(channel=channel, kind=Delivery.Kind.TEST, attempts=0).update(answer=answer)
    late.filter(answer="").update(answer=TOO_LATE)
    buried = late.exclude(delivered_at=None).update(state=PARTIAL) + late.update(state=DEAD)
    if buried:
        members = Delivery.objects.filter(state=QUEUED, group__state__in=[PARTIAL, DEAD])
        members.filter(group__state=DEAD).update(state=DEAD, answer=TOO_LATE)
        members.update(state=PARTIAL)
    return buried


def note(delivery: Delivery, now: datetime) -> None:
    """Tell the pages of the episode that its messages moved."""
    if delivery.episode_id is not None:
        rule_values.note_id(delivery.episode_id, now)


def replay(delivery: Delivery, now: datetime) -> int:
    """Try a dead message for another 24 h under its old id; returns how many rows that put in the queue.

    It waits for no group, for it counts as a repetition.
    An end whose beginning died takes the beginning along, which goes out first. One that some of its
    recipients refused goes to those alone.
    """
    if delivery.group is not None and delivery.state != Delivery.State.SUPERSEDED:
        return 0 if current() else replay(delivery.group, now)  # it tells of hidden services too
    rows = Delivery.objects.filter(pk=delivery.pk)
    if delivery.beginning_id is not None:
        rows |= Delivery.objects.filter(pk=delivery.beginning_id)
    kept = TEST_KEPT_TRYING if delivery.kind == Delivery.Kind.TEST else KEPT_TRYING
    fields: dict[str, Any] = {"state": QUEUED, "attempts": 1, "next_attempt_at": now}
    Delivery.objects.filter(group=delivery, state=DEAD).update(state=QUEUED)
    again = rows.filter(state=DEAD).update(**fields, expires_at=now + kept)
    if delivery.state == PARTIAL:
        fields["to"] = list(delivery.refused)
        partly = rows.filter(pk=delivery.pk, state=PARTIAL)
        again += partly.update(**fields, expires_at=now + kept)
    return again
