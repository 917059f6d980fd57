"""All kinds of channels, in the order in which they are offered. A new one is a file, and its name here."""

from __future__ import annotations

from lifecycle.alerts.channels.kind import Kind
from lifecycle.alerts.senders import console, email, heartbeat, webhook
from lifecycle.alerts.senders.apprise_bridge import sender as apprise
from lifecycle.alerts.senders.chat import dingtalk, discord, feishu, slack, teams, telegram, wecom
from lifecycle.alerts.senders.http import Outbound, Start
from lifecycle.alerts.senders.letter import Sender
from lifecycle.alerts.senders.paging import opsgenie, pagerduty
from lifecycle.alerts.senders.push import gotify, ntfy

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        slack.KIND,
        teams.KIND,
        dingtalk.KIND,
        wecom.KIND,
        feishu.KIND,
        telegram.KIND,
        discord.KIND,
        pagerduty.KIND,
        opsgenie.KIND,
        ntfy.KIND,
        gotify.KIND,
        email.KIND,
        webhook.KIND,
        console.KIND,
        apprise.KIND,
        heartbeat.KIND,
    )
}


def all_senders(start: Start | None = None) -> dict[str, Sender]:
    """One for each kind of channel; one that holds something open has an `aclose`."""
    outbound = Outbound(start)
    return {key: kind.sender(outbound) for key, kind in KINDS.items()}
