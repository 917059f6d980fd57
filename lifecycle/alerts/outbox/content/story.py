"""What happened, in the words that messages carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.alerts.rules.values import lacks_sign_in
from lifecycle.core.alerting import messages
from lifecycle.models import AlertRule, Episode, ServiceState
from lifecycle.pages import humanize
from lifecycle.services.counts import state_row

USUAL: Mapping[str, str] = {
    AlertRule.Condition.STATE_ENTERED: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.NOT_SERVING_FOR: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.NEEDS_SIGN_IN: messages.DEFAULT_MESSAGE,
    AlertRule.Condition.TOOLS_CHANGED: messages.TOOLS_MESSAGE,
    AlertRule.Condition.MASS_FAILURE: messages.MASS_MESSAGE,
    AlertRule.Condition.METRIC: messages.MEASURED_MESSAGE,
    AlertRule.Condition.BUDGET_BURN: messages.MEASURED_MESSAGE,
    AlertRule.Condition.UNUSUALLY_SLOW: messages.MEASURED_MESSAGE,
    AlertRule.Condition.FLAPPING: messages.MEASURED_MESSAGE,
    AlertRule.Condition.WORKER_SILENT: messages.MEASURED_MESSAGE,
    AlertRule.Condition.HOST: messages.MEASURED_MESSAGE,
    AlertRule.Condition.CERTIFICATE: messages.MEASURED_MESSAGE,
    AlertRule.Condition.ACCESS: messages.MEASURED_MESSAGE,
    AlertRule.Condition.UPSTREAM: messages.MEASURED_MESSAGE,
}
"""The message of a rule that has none of its own."""
WORDS: Mapping[str, str] = {
    AlertRule.Condition.MASS_FAILURE: "failing",
    AlertRule.Condition.FLAPPING: "flapping",
    AlertRule.Condition.UNUSUALLY_SLOW: "unusually slow",
    AlertRule.Condition.BUDGET_BURN: "burning its budget",
    AlertRule.Condition.METRIC: "beyond its threshold",
    AlertRule.Condition.WORKER_SILENT: "silent",
    AlertRule.Condition.HOST: "beyond its threshold",
    AlertRule.Condition.CERTIFICATE: "about to expire",
    AlertRule.Condition.ACCESS: "about to lose access",
    AlertRule.Condition.UPSTREAM: "given up upstream",
}
"""What takes the place of a service's state in messages."""
SUMMARY_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened to the service, in the words that the messages carry.

    `needed_by` are those that need it and that the rule looks at, `needed_beside` how many others do. `kind`
    and `cause` are those of the failure, `next_try` is when the console connects again by itself.
    """

    state: str
    reason: str
    kind: str = ""
    cause: str = ""
    next_try: datetime | None = None
    needed_by: tuple[str, ...] = ()
    needed_beside: int = 0

    @property
    def sign_in(self) -> bool:
        """It is up and lacks a token, so it is not told of as down."""
        return lacks_sign_in(self.state, self.kind)

    @classmethod
    def of(cls, state: ServiceState) -> Story:
        """What its row says."""
        return cls(
            state=state.state,
            reason=state.error_message,
            kind=state.error_kind,
            cause=state.error_cause,
            next_try=state.next_retry_at,
        )


def story_now(row: Episode) -> Story:
    """As the service is by its row; of what is none, that it is as the rule says."""
    state = state_row(row.service) if row.service else None
    return Story.of(state) if state else Story(state=WORDS.get(row.rule.condition, "failing"), reason="")


def firing_text(rule: AlertRule, who: str, since: datetime, story: Story) -> str:
    """What the beginning says, in the rule's words."""
    values = {
        "service": who,
        "state": story.state,
        "reason": story.reason or "unknown reason",
        "since": humanize.local(since),
        "rule": rule.name,
        "level": rule.level,
    }
    text = messages.fill(rule.message or _usual(rule, story), values)
    return f"{text}{messages.needed_by(story.needed_by, story.needed_beside)}"[:SUMMARY_LIMIT]


def _usual(rule: AlertRule, story: Story) -> str:
    """As USUAL has it, but what only lacks a sign-in is not told as an outage."""
    usual = USUAL[rule.condition]
    return messages.SIGN_IN_MESSAGE if usual == messages.DEFAULT_MESSAGE and story.sign_in else usual
