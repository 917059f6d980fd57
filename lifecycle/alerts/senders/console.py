"""The console channel: one line in the worker's log."""

from __future__ import annotations

import logging

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels.kind import Group, Kind
from lifecycle.alerts.senders.letter import Letter

logger = logging.getLogger("mcpstore.alerts")
LEVELS = {
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}


class ConsoleSender:
    """Cannot fail; a recovery is logged as information."""

    async def __call__(self, letter: Letter) -> str:
        data = letter.payload["data"]
        level = LEVELS[data["level"]] if letter.kind == "firing" else logging.INFO
        logger.log(
            level, "%s [%s] %s (%s)", letter.payload["type"], data["level"], data["message"], data["rule"]
        )
        return "logged"


KIND = Kind(
    key="console",
    word=lazy("Log line"),
    group=Group.OTHER,
    help=lazy("Writes one line per message to the worker's log."),
    sender=lambda outbound: ConsoleSender(),
    summary=lambda config: "the worker's log",
)
