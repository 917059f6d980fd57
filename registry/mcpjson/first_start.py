"""The first start: an mcp.json that is there already becomes the registry."""

from __future__ import annotations

import logging
from datetime import datetime

from registry.errors import InvalidConfigError
from registry.mcpjson import image
from registry.models import Role
from registry.services import register

logger = logging.getLogger(__name__)


def take_existing(now: datetime) -> int:
    """Take an existing mcp.json into an empty registry; how many services that gave.

    Where an entry cannot be taken, or the file cannot be read, a copy of it is kept: the export replaces it.
    """
    try:
        data = image.found_at_first_start()
    except image.FileUnreadableError as exc:
        logger.warning("mcp.json was not imported: %s", exc)
        return 0
    if data is None:
        return 0
    try:
        results = register.register(data, by="mcp.json", role=Role.ADMIN, now=now, limit=image.LARGEST)
    except InvalidConfigError as exc:
        logger.warning("mcp.json was not imported: %s", exc)
        return 0
    bad = [result for result in results if result.error]
    for result in bad:
        logger.warning("mcp.json: %s", result.error)
    if bad:
        image.keep_copy(data)
    image.accept_file(data)
    return len(results) - len(bad)
