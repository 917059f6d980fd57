"""The worker's rooms. FastMCP reads its settings when it is imported, so they are set here, before that."""

import logging
import os

os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")

# A foreign server's faults are rows of ours; the SDK would also log a traceback each, without limit.
for _name in ("mcp", "client", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
