"""Starts the process that sends by Apprise: in an empty home, without proxies, and ended when it is late."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from lifecycle.alerts.senders.letter import SendingError

CHILD = Path(__file__).with_name("child.py")
KILLED_AFTER = 15.0


async def start(given: dict[str, Any]) -> dict[str, Any]:
    """What came of the message."""
    with tempfile.TemporaryDirectory(prefix="mcpstore-") as home:
        return await _run(given, home)


async def _run(given: dict[str, Any], home: str) -> dict[str, Any]:
    """What the process says; it is killed when it is late, or when nobody waits any more."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": home},
        cwd=home,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(KILLED_AFTER):
            output, _nothing = await child.communicate(json.dumps(given).encode())
        found: dict[str, Any] = json.loads(output)
        return found
    except TimeoutError:
        raise SendingError(f"no answer within {KILLED_AFTER:.0f} s") from None
    except ValueError:
        raise SendingError(f"the process of Apprise ended with {child.returncode}") from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
