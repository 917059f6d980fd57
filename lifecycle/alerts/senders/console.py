"""The console channel: one line in the worker's log."""

from __future__ import annotations

import logging

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
