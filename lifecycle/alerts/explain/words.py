"""The sentences of why an alert was sent, or was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.explain.facts import Absence
from lifecycle.alerts.presenter import DELIVERY_KINDS, ENDINGS, LEVELS, Moment, moment
from lifecycle.core.alerting.explain.why import Line, What
from lifecycle.models import AlertRule
from lifecycle.pages import humanize

SENTENCES: dict[What, str | Promise] = {
    What.RULE_OFF: lazy("The rule is disabled."),
    What.RULE_NEW: lazy("The rule was created. It did not exist before."),
    What.ALERTS_OFF: lazy("Alerts are disabled in Monitoring settings: no messages are sent."),
    What.OUT_OF_SCOPE: lazy("This service is not in the scope of the rule."),
    What.AT_REST: lazy("A person stopped this service. Stopped services raise no alerts."),
    What.NO_CHANNEL: lazy("The rule has no channel. Its alerts show only on the Alerts page."),
    What.CHANNEL_OFF: lazy("Channel %(name)s is disabled: nothing is sent through it."),
    What.CHANNEL_PAUSED: lazy("Channel %(name)s groups messages until %(until)s."),
    What.SILENCED: lazy("Silenced: %(text)s"),
    What.MAINTENANCE: lazy("In maintenance: %(text)s"),
    What.FLAPPING: lazy("Held back while the service is flapping, which another alert reports: %(text)s"),
    What.NOT_RECORDED: lazy("What this rule measures is not recorded, so the past cannot be explained."),
    What.NO_FIGURES: lazy("No measurements of this service in this time, so the rule cannot apply."),
    What.NEVER_MET: lazy("The condition was never met."),
    What.MET: lazy("The condition was met."),
    What.HOLD: lazy("It must last for %(span)s, so the alert is sent at %(until)s at the earliest."),
    What.COOLDOWN: lazy("The last alert was sent less than %(span)s ago (cooldown): not before %(until)s."),
    What.ASKED: lazy("A person requested the change, so it has %(span)s to recover: until %(until)s."),
    What.FOLDED: lazy("Not sent: a dependency is not serving and has its own alert."),
    What.RESUMED: lazy("The dependency is back. The service has %(span)s to recover: until %(until)s."),
    What.DOUBT: lazy("A dependency may be the cause, so the alert waits until %(until)s."),
    What.TOO_SHORT: lazy("It ended after %(span)s, before the alert was due at %(until)s."),
    What.FIRED: lazy("The alert fired."),
    What.CLEARS: lazy("The condition is no longer met. The rule keeps firing for %(span)s: until %(until)s."),
    What.ENDED: lazy("The alert ended after %(span)s."),
    What.ACKNOWLEDGED: lazy("Acknowledged. Reminders stop."),
    What.NOTE: lazy("Note: %(text)s"),
    What.QUEUED: lazy("%(notice)s for %(name)s queued; grouped with others until %(until)s."),
    What.JOINED: lazy("%(notice)s for %(name)s sent with others in one message."),
    What.RETRYING: lazy("Sending to %(name)s failed. Next attempt at %(until)s."),
    What.DELIVERED: lazy("%(notice)s delivered to %(name)s."),
    What.PARTIAL: lazy("%(notice)s partly delivered to %(name)s."),
    What.FAILED: lazy("%(notice)s not delivered to %(name)s."),
    What.SUPERSEDED: lazy("%(notice)s for %(name)s not sent: a newer message includes it."),
    What.REMINDS: lazy("Reminder at %(until)s unless someone acknowledges the alert."),
    What.NO_RECOVERY: lazy("The rule sends no recovery notices."),
}
WOULD_FIRE = lazy(
    "The current rule would have fired but did not: it was different then, or no worker was running."
)
NEVER_DUE = lazy("It ended after %(span)s, before an alert was due.")
HELD_BY = lazy("Not sent: it waits for %(name)s, which has its own alert.")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One line of an explanation; `more` is what a receiver, or a person, said."""

    at: Moment
    what: str
    text: str
    more: str = ""
    url: str = ""


def sentence(line: Line, now: datetime, *, real: bool = True) -> Sentence:
    """In words. Not *real*: of a replay, where a line without an episode tells what would have been."""
    return Sentence(
        at=moment(line.at, now),
        what=line.what.value,
        text=_text(line, real),
        more=_more(line),
        url=reverse("alert_detail", args=[line.episode]) if line.episode and not real else "",
    )


def _text(line: Line, real: bool) -> str:
    words = SENTENCES[line.what]
    if line.what is What.FIRED and not real and line.episode is None:
        words = WOULD_FIRE
    elif line.what is What.TOO_SHORT and line.until is None:
        words = NEVER_DUE
    elif line.what is What.FOLDED and line.name:
        words = HELD_BY
    values = {
        "name": line.name,
        "text": line.text,
        "until": humanize.local(line.until) if line.until else "",
        "span": humanize.lasting(line.span) if line.span is not None else "",
        "notice": str(DELIVERY_KINDS.get(line.text, line.text)),
    }
    text = str(words)
    return text % values if "%(" in text else text


def _more(line: Line) -> str:
    parts: list[str] = []
    if line.what in (What.ENDED, What.TOO_SHORT):
        parts.append(str(ENDINGS.get(line.name, "")))
    if line.what in (What.SILENCED, What.MAINTENANCE, What.FLAPPING) and line.until:
        parts.append(_("until %(until)s") % {"until": humanize.local(line.until)})
    if line.what in (What.CHANNEL_OFF, What.FIRED):
        parts.append(line.text)
    if line.by:
        answered = line.what in (What.DELIVERED, What.PARTIAL, What.FAILED, What.SUPERSEDED, What.RETRYING)
        parts.append(line.by if answered else _("by %(who)s") % {"who": line.by})
    return " · ".join(part for part in parts if part)


def sentences(lines: Sequence[Line], now: datetime, *, real: bool = True) -> list[Sentence]:
    return [sentence(line, now, real=real) for line in lines]


@dataclass(frozen=True, kw_only=True)
class AbsenceRow:
    """One rule on the page of a service's alerts that did not come."""

    rule: AlertRule
    level: str
    level_css: str
    verdict: Sentence
    fired: int
    lines: Sequence[Sentence]


def absence_row(found: Absence, now: datetime) -> AbsenceRow:
    level, css = LEVELS[found.rule.level]
    return AbsenceRow(
        rule=found.rule,
        level=str(level),
        level_css=css,
        verdict=sentence(found.verdict, now, real=False),
        fired=found.fired,
        lines=sentences(found.lines, now, real=False),
    )
