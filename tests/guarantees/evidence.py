"""What must be true of a console's rows and receivers whenever nothing writes to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol

from lifecycle.core.machine.states import SERVING
from tests.doubles.provider import Taken
from tests.support.receivers import SmtpReceiver, WebhookReceiver

Rows = list[dict[str, Any]]


class Readable(Protocol):
    """A console, or whatever else can read rows."""

    def rows(self, sql: str, *values: Any) -> Rows: ...


TRANSITIONS = "SELECT service_id, before, after FROM lifecycle_statechange ORDER BY service_id, id"
STATES = """
    SELECT s.service_id, s.state, s.worker, r.desired = 'running' AND r.removed_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM lifecycle_command c
        WHERE c.service_id = s.service_id AND c.kind = 'stop' AND c.state IN ('queued', 'taken')
    ) AS wanted
    FROM lifecycle_servicestate s JOIN registry_service r ON r.id = s.service_id
"""
"""Who stops a service and starts it at once had it told as stopped; after the stop it comes up anew."""
EPISODES = """
    SELECT e.id, e.service_id, e.state, e.fired_at IS NOT NULL AS fired, e.ending,
           count(d.id) FILTER (WHERE d.kind = 'firing') AS firing,
           count(d.id) FILTER (WHERE d.kind = 'resolved') AS ended
    FROM lifecycle_episode e LEFT JOIN lifecycle_delivery d ON d.episode_id = e.id GROUP BY e.id
"""


def torn(console: Readable, channels: int, down: frozenset[str]) -> list[str]:
    """Everything in the rows that stands between two moments; *down* are the states that alert."""
    problems = [str(row) for row in console.rows("PRAGMA integrity_check") if set(row.values()) != {"ok"}]
    last = _chains(console.rows(TRANSITIONS), problems)
    found = console.rows(STATES)
    states = {row["service_id"]: row["state"] for row in found}
    wanted = {row["service_id"] for row in found if row["wanted"]}
    problems += [
        f"state {states[pk]}, last transition {last.get(pk)}" for pk in states if last.get(pk) != states[pk]
    ]
    episodes = console.rows(EPISODES)
    for row in episodes:
        told, ended = row["firing"], row["ended"]
        if told != (channels if row["fired"] else 0) or ended not in (0, channels):
            problems.append(f"episode with half its messages: {row}")
        if row["fired"] and row["state"] == "resolved" and not ended:
            problems.append(f"episode ended without a word: {row}")
    open_for = {row["service_id"] for row in episodes if row["state"] != "resolved"}
    problems += [
        f"{pk} is {state}, episode open: {pk in open_for}"
        for pk, state in states.items()
        # What was stopped or removed on purpose is told so before the worker has carried it out, and what was
        # told stays open while the service is restarted.
        if (state in down and pk in wanted and pk not in open_for) or (state in SERVING and pk in open_for)
    ]
    return problems


def _chains(rows: Rows, problems: list[str]) -> dict[int, str]:
    """The last state of each service, each transition having begun where the one before it ended."""
    last: dict[int, str] = {}
    for service, chain in groupby(rows, key=lambda row: row["service_id"]):
        before = ""
        for row in chain:
            if (row["before"] or "") != before:
                problems.append(f"service {service}: {row} follows {before or 'nothing'}")
            before = row["after"]
        last[service] = before
    return last


def undelivered(console: Readable) -> int:
    sql = "SELECT id FROM lifecycle_delivery WHERE state NOT IN ('delivered', 'superseded')"
    return len(console.rows(sql))


def expected_ids(console: Readable, kind: str) -> set[str]:
    """The ids under which all that episodes caused for channels of this kind went out."""
    sql = """SELECT COALESCE(g.message_id, d.message_id) AS id FROM lifecycle_delivery d
             JOIN lifecycle_channel c ON c.id = d.channel_id
             LEFT JOIN lifecycle_delivery g ON g.id = d.group_id
             WHERE c.kind = ? AND d.episode_id IS NOT NULL AND d.state <> 'superseded'"""
    return {row["id"].replace("-", "") for row in console.rows(sql, kind)}


def superseded_ids(console: Readable) -> set[str]:
    """Those of beginnings that their ends told too; a try whose answer was lost may have arrived."""
    rows = console.rows("SELECT message_id AS id FROM lifecycle_delivery WHERE state = 'superseded'")
    return {row["id"].replace("-", "") for row in rows}


def webhook_ids(receiver: WebhookReceiver) -> list[str]:
    return [_hex(identity) for identity in receiver.ids()]


def mail_ids(receiver: SmtpReceiver) -> list[str]:
    return [_hex(str(message["Message-ID"])) for message in list(receiver.messages)]


def provider_ids(requests: Sequence[Taken]) -> list[str]:
    return [_hex(request.headers.get("webhook-id", "")) for request in list(requests)]


ENDS = """
    SELECT e.episode_id,
           COALESCE(CASE WHEN b.state <> 'superseded' THEN bg.message_id END, b.message_id) AS beginning,
           COALESCE(eg.message_id, e.message_id) AS ending
    FROM lifecycle_delivery e JOIN lifecycle_channel c ON c.id = e.channel_id
    JOIN lifecycle_delivery b ON b.id = e.beginning_id LEFT JOIN lifecycle_delivery bg ON bg.id = b.group_id
    LEFT JOIN lifecycle_delivery eg ON eg.id = e.group_id
    WHERE c.kind = ? AND e.kind = 'resolved' AND e.episode_id IS NOT NULL
"""


def after_the_end(console: Readable, kind: str, arrived: Sequence[str]) -> list[str]:
    """Beginnings that came, once more or at all, to channels of this kind when their end had come."""
    last = {identity: place for place, identity in enumerate(arrived)}
    first = {identity: place for place, identity in reversed(list(enumerate(arrived)))}
    return [
        f"{kind}: episode {row['episode_id']}"
        for row in console.rows(ENDS, kind)
        if last.get(_hex(row["beginning"]), -1) > first.get(_hex(row["ending"]), len(arrived))
    ]


def _hex(identity: str) -> str:
    """The bare 32 digits of a message's id, however its medium dresses it."""
    found = re.search(r"[0-9a-f]{32}", identity.replace("-", ""))
    return found.group() if found else identity


def order(receiver: WebhookReceiver) -> dict[int, list[str]]:
    """For each episode, what its messages told, as they first came; an end may tell its beginning too."""
    seen: set[str] = set()
    found: dict[int, list[str]] = {}
    for request in list(receiver.requests):
        data = request.json()["data"]
        for told in data.get("members", [data]) if request.id not in seen else []:
            mine = found.setdefault(told["episode"], [])
            kind = told.get("kind", request.json()["type"].removeprefix("alert."))
            if kind == "resolved" and not mine and "not reported before" in told["message"]:
                mine.append("firing")
            mine.append(kind)
        seen.add(request.id)
    return found
