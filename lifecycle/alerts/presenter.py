"""Episodes, rules, channels and deliveries as words for the pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.episodes import folding
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.silences.quiet import Quiet
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import Channel, Delivery, Episode, EpisodeNote
from lifecycle.pages import humanize
from registry.dependencies.links import few
from registry.models.limits import current

Words = dict[str, tuple[str | Promise, str]]
LEVELS: Words = {
    "INFO": (lazy("Info"), "info"),
    "WARNING": (lazy("Warning"), "warning"),
    "ERROR": (lazy("Error"), "error"),
    "CRITICAL": (lazy("Critical"), "critical"),
}
EPISODE_STATES: Words = {
    "pending": (lazy("Pending"), "l-warning"),
    "firing": (lazy("Firing"), "l-bad"),
    "acknowledged": (lazy("Acknowledged"), "l-info"),
    "resolved": (lazy("Resolved"), "l-ok"),
}
ENDINGS = {
    "recovered": lazy("Recovered"),
    "restarted": lazy("Recovered after a restart"),
    "reconnected": lazy("Recovered after a reconnection"),
    "started": lazy("Recovered after a start"),
    "reconfigured": lazy("Recovered after a configuration change"),
    "sign-in": lazy("Answers again, but needs sign-in"),
    "stopped": lazy("Stopped by a person"),
    "removed": lazy("Service removed"),
    "archived": lazy("Service archived"),
    "told": lazy("Sent; changes have no recovery notice"),
    "rule-off": lazy("Rule disabled"),
    "rule-changed": lazy("Rule changed, or no longer applies"),
    "rule-deleted": lazy("Rule deleted"),
}
DELIVERY_STATES: Words = {
    "queued": (lazy("Waiting"), "l-info"),
    "delivered": (lazy("Delivered"), "l-ok"),
    "partial": (lazy("Partly delivered"), "l-warning"),
    "dead": (lazy("Not delivered"), "l-bad"),
    "superseded": (lazy("Superseded"), "l-info"),
}
NOT_CONFIRMED = (lazy("Accepted, not confirmed"), "l-info")
DELIVERY_KINDS = {
    "firing": lazy("Alert"),
    "reminder": lazy("Reminder"),
    "resolved": lazy("Recovery"),
    "test": lazy("Test"),
    "report": lazy("Report"),
}
UNTAKEN_AFTER = timedelta(seconds=8)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time in words, with what the page's script needs to keep it true."""

    iso: str
    full: str
    ago: str


def moment(at: datetime, now: datetime) -> Moment:
    return Moment(iso=humanize.iso(at), full=humanize.local(at), ago=humanize.ago(at, now))


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """One line of the alerts page."""

    row: Episode
    who: str
    url: str
    word: str
    css: str
    level: str
    level_css: str
    text: str
    note: str
    since: Moment
    due_iso: str
    due_text: str
    can_acknowledge: bool
    messages: str
    quiet: str = ""
    escalates_iso: str = ""
    escalates_text: str = ""
    more: str | Promise = ""


MORE = {
    Kind.SERVICE: lazy("Service"),
    Kind.FLEET: lazy("Services"),
    Kind.WORKER: lazy("Workers"),
    Kind.HOST: lazy("Hosts"),
    Kind.TOKEN: lazy("Tokens"),
}
"""What the link says that leads to the subject."""


def who_of(subject: Subject) -> str:
    """What an alert is about."""
    match subject.kind:
        case Kind.SERVICE:
            return subject.name
        case Kind.FLEET:
            return _("Many services")
        case Kind.WORKER:
            return _("Worker %(name)s") % {"name": subject.name}
        case Kind.HOST:
            return _("Host %(name)s") % {"name": subject.name}
        case Kind.TOKEN:
            return _("Token %(name)s") % {"name": subject.name}


def url_of(subject: Subject) -> str:
    """The page that shows it."""
    match subject.kind:
        case Kind.SERVICE:
            return reverse("service_detail", args=[subject.name])
        case Kind.FLEET:
            return reverse("service_list") + "?sort=failing"
        case Kind.WORKER | Kind.HOST:
            return reverse("worker_list")
        case Kind.TOKEN:
            return reverse("alert_list")


def episode_row(
    row: Episode, now: datetime, deliveries: Iterable[str], hush: Quiet | None = None
) -> EpisodeRow:
    word, css = EPISODE_STATES[row.state]
    level, level_css = LEVELS[row.rule.level]
    pending = row.state == Episode.State.PENDING
    next_turn = row.escalates_at if row.state == Episode.State.FIRING else None
    return EpisodeRow(
        row=row,
        who=who_of(row.subject),
        url=url_of(row.subject),
        more=str(MORE[row.subject.kind]),
        word=str(word),
        css=css,
        level=str(level),
        level_css=level_css,
        text=row.summary,
        note=_episode_note(row),
        since=moment(row.opened_at, now),
        due_iso=humanize.iso(row.due_at) if pending and row.due_at else "",
        due_text=humanize.until(row.due_at, now) if pending and row.due_at else "",
        can_acknowledge=row.state == Episode.State.FIRING,
        messages=_told(list(deliveries)),
        quiet=_quiet(row, hush),
        escalates_iso=humanize.iso(next_turn) if next_turn else "",
        escalates_text=humanize.until(next_turn, now) if next_turn else "",
    )


def _quiet(row: Episode, hush: Quiet | None) -> str:
    """What keeps an open one from being told, and until when."""
    if hush is None or row.state == Episode.State.RESOLVED or (reason := hush.why(row)) is None:
        return ""
    values = {"what": reason.text, "until": humanize.local(reason.until), "who": reason.by}
    if reason.kind == EpisodeNote.Kind.MAINTENANCE:
        return _("Maintenance until %(until)s: %(what)s") % values
    if reason.kind == EpisodeNote.Kind.FLAPPING:
        return _("Held back until the service is stable: %(what)s") % values
    return _("Silenced by %(who)s until %(until)s: %(what)s") % values


def _episode_note(row: Episode) -> str:
    if row.state == Episode.State.RESOLVED and row.resolved_at:
        why = str(ENDINGS.get(row.ending, ""))
        why = _("%(why)s, by %(who)s") % {"why": why, "who": row.ended_by} if row.ended_by else why
        return _("%(why)s · lasted %(span)s") % {
            "why": why,
            "span": humanize.lasting(row.resolved_at - row.opened_at),
        }
    if row.state == Episode.State.PENDING and row.due_at is None:
        waits_for = folding.waits_for(row)
        return (
            _("Not sent: a dependency is not serving: %(names)s.") % {"names": few(waits_for)}
            if waits_for
            else _("Its dependency is back; it has 30 s to recover.")
        )
    if row.state == Episode.State.ACKNOWLEDGED:
        return _("Acknowledged by %(who)s") % {"who": row.acknowledged_by}
    return ""


def _told(states: list[str]) -> str:
    if not states:
        return _("no message")
    if dead := states.count("dead"):
        return _("%(n)d not delivered") % {"n": dead}
    if partial := states.count("partial"):
        return _("%(n)d partly delivered") % {"n": partial}
    if queued := states.count("queued"):
        return _("%(n)d being sent") % {"n": queued}
    return _("%(n)d delivered") % {"n": len(states)}


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """One line of the deliveries page."""

    row: Delivery
    word: str
    css: str
    kind: str
    subject: str
    created: Moment
    next_iso: str
    next_text: str
    can_replay: bool
    members: int


def delivery_row(row: Delivery, now: datetime) -> DeliveryRow:
    word, css = DELIVERY_STATES[row.state]
    if row.state == Delivery.State.DELIVERED and not KINDS[row.channel.kind].confirms:
        word, css = NOT_CONFIRMED
    waiting = row.state == Delivery.State.QUEUED and row.attempts > 0
    return DeliveryRow(
        row=row,
        word=str(word),
        css=css,
        kind=str(DELIVERY_KINDS[row.kind]),
        subject=row.payload.get("data", {}).get("message", ""),
        created=moment(row.created_at, now),
        next_iso=humanize.iso(row.next_attempt_at) if waiting else "",
        next_text=humanize.until(row.next_attempt_at, now) if waiting else "",
        can_replay=row.state in (Delivery.State.DEAD, Delivery.State.PARTIAL)
        and not (row.group_id and current()),
        members=row.payload.get("data", {}).get("members_count", 0),
    )


@dataclass(frozen=True, kw_only=True)
class TestOutcome:
    """How far a test message has come."""

    delivery: Delivery
    open: bool
    css: str
    text: str


def outcome_of(delivery: Delivery, now: datetime) -> TestOutcome:
    took = delivery.tries.last()
    match delivery.state:
        case Delivery.State.DELIVERED if not KINDS[delivery.channel.kind].confirms:
            css, text = "info", _("Accepted in %(took)s, not confirmed")
        case Delivery.State.DELIVERED:
            css, text = "success", _("Delivered in %(took)s: %(answer)s")
        case Delivery.State.PARTIAL:
            css, text = "warning", _("Partly delivered: %(answer)s")
        case Delivery.State.DEAD:
            css, text = "error", _("Not delivered: %(answer)s")
        case _ if now - delivery.created_at > UNTAKEN_AFTER and not delivery.attempts:
            css, text = "warning", _("The worker has not picked it up yet. Is it running?")
        case _:
            css, text = "info", _("Sending the test message…")
    values = {"answer": delivery.answer, "took": humanize.milliseconds(took.ms if took else None)}
    return TestOutcome(
        delivery=delivery,
        open=delivery.state == Delivery.State.QUEUED,
        css=css,
        text=text % values if "%(" in text else text,
    )


@dataclass(frozen=True, kw_only=True)
class ChannelRow:
    """One card of the channels page."""

    row: Channel
    kind: str
    rules: int
    warning: str
    last: DeliveryRow | None
    ping: Moment | None


def channel_row(row: Channel, last: Delivery | None, now: datetime) -> ChannelRow:
    return ChannelRow(
        row=row,
        kind=str(KINDS[row.kind].word),
        rules=row.rules.count(),
        warning=_channel_warning(row),
        last=delivery_row(last, now) if last else None,
        ping=moment(row.pinged_at, now) if row.pinged_at else None,
    )


def _channel_warning(row: Channel) -> str:
    if row.disabled_reason:
        return _("Disabled: %(why)s") % {"why": row.disabled_reason}
    if row.ping_ok is False:
        return _("The last ping failed: %(why)s") % {"why": row.ping_answer}
    return str(KINDS[row.kind].lacks())
