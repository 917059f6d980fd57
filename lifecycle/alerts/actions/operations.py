"""What a link in a message does: acknowledge, snooze, check; the channel counts as the one who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.actions import links
from lifecycle.alerts.actions.links import Action, Link
from lifecycle.alerts.episodes import operations as episodes
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.silences import quiet
from lifecycle.models import Channel, Command, Episode
from lifecycle.operations import commands
from lifecycle.pages import humanize
from registry.errors import NotPossibleError, ServiceNotFoundError

SNOOZED_FOR = 60
WORDS: dict[Action, str | Promise] = {
    Action.ACKNOWLEDGE: lazy("Acknowledge"),
    Action.SNOOZE: lazy("Snooze for 1 hour"),
    Action.CHECK: lazy("Check now"),
}
MEANING: dict[Action, str | Promise] = {
    Action.ACKNOWLEDGE: lazy(
        "You are taking care of it. Reminders and escalation stop; the recovery notice is still sent."
    ),
    Action.SNOOZE: lazy("No messages are sent for this rule and service for an hour. Checks continue."),
    Action.CHECK: lazy("The console checks the service immediately instead of at its next interval."),
}


class LinkError(Exception):
    """The link does nothing (any more); the text says why. `status` is that of the answer."""

    def __init__(self, why: str, status: int) -> None:
        self.why, self.status = why, status
        super().__init__(why)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A link that works, and what it is about."""

    link: Link
    row: Episode
    channel: Channel

    @property
    def by(self) -> str:
        """Who acts, as the audit log has it: who holds the link got it through this channel."""
        return f"{self.channel.name} (message)"[:150]


def find(token: str, now: datetime) -> Offer:
    """What the link offers; LinkError where it is void, expired, used, or the alert is over."""
    link = links.read(token)
    if link is None:
        raise LinkError(_("This link is incomplete, or was not created by this console."), 404)
    if link.expires <= now:
        raise LinkError(_("This link expired at %(at)s.") % {"at": humanize.local(link.expires)}, 410)
    row = Episode.objects.filter(pk=link.episode).select_related("rule", "service").first()
    channel = Channel.objects.filter(pk=link.channel, enabled=True).first()
    if row is None:
        raise LinkError(_("This alert no longer exists: its rule or its service was deleted."), 410)
    if channel is None:
        raise LinkError(_("The channel that this link was sent through is disabled or deleted."), 410)
    _refuse_done(link.action, row, now)
    return Offer(link=link, row=row, channel=channel)


def _refuse_done(action: Action, row: Episode, now: datetime) -> None:
    if row.state == Episode.State.RESOLVED:
        at = humanize.local(row.resolved_at or now)
        raise LinkError(_("This alert ended at %(at)s.") % {"at": at}, 410)
    if action is Action.ACKNOWLEDGE and row.state == Episode.State.ACKNOWLEDGED:
        values = {"who": row.acknowledged_by, "at": humanize.local(row.acknowledged_at or now)}
        raise LinkError(_("%(who)s acknowledged this alert at %(at)s.") % values, 410)
    if action is Action.SNOOZE and (reason := quiet.now_is(now).why(row)) is not None:
        values = {"until": humanize.local(reason.until), "what": reason.text}
        raise LinkError(_("This alert is already silenced until %(until)s: %(what)s.") % values, 410)


def act(offer: Offer, now: datetime) -> str:
    """Do it; returns what was done. LinkError where something came in between."""
    match offer.link.action:
        case Action.ACKNOWLEDGE:
            if not episodes.acknowledge(offer.row.pk, by=offer.by, now=now):
                raise LinkError(_("This alert is no longer firing."), 410)
            return _("Acknowledged.")
        case Action.SNOOZE:
            made = silences.snooze(offer.row, SNOOZED_FOR, by=offer.by, now=now)
            return _("Snoozed until %(until)s.") % {"until": humanize.local(made.ends_at)}
        case Action.CHECK:
            return _check(offer, now)


def _check(offer: Offer, now: datetime) -> str:
    name = offer.row.service.name if offer.row.service else ""
    try:
        commands.request(Command.Kind.CHECK, name, by=offer.by, now=now, origin=Command.Origin.PAGE)
    except (NotPossibleError, ServiceNotFoundError) as exc:
        raise LinkError(_("Could not check: %(why)s.") % {"why": exc}, 409) from None
    return _("Check requested. If the service is healthy, a recovery notice follows.")
