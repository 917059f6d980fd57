"""What web and worker write: one JSON object a line, without values of variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.tools import ROOT

PROGRAM = """
import logging, threading, warnings, django
django.setup()
from lifecycle.engine.host import log_format
from registry.secrets import masking
log_format.configure()
masking.remember(["known-value-7d1f"])

def fail(local):
    raise ValueError("failed with known-value-7d1f")

logging.getLogger("daphne").warning("locked out %s", "known-value-7d1f proxy-password-7d1f")
import structlog
structlog.contextvars.bind_contextvars(request_id="0192f0c1")
try:
    fail("local-value-7d1f")
except ValueError:
    structlog.get_logger().exception("ours")
    logging.getLogger("django.request").exception("theirs")
warnings.warn("a warning")
thread = threading.Thread(target=fail, args=["local-value-7d1f"])
thread.start()
thread.join()
fail("local-value-7d1f")
"""


def test_every_line_is_json_without_a_secret_and_without_locals(tmp_path: Path) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "MCPSTORE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
        "MCPSTORE_HTTPS_PROXY": "http://u:proxy%2Dpassword-7d1f@proxy.example.org:3128",
        "EMAIL_URL": "smtp://u:mail-password-7d1f@mail.example.org:25",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == [
        "warning",
        "error",
        "error",
        "warning",
        "critical",
        "critical",
    ]
    assert all(line["timestamp"] for line in lines)
    # A thread that is begun elsewhere is no part of the request.
    assert [line.get("request_id") for line in lines] == [None, *["0192f0c1"] * 3, None, "0192f0c1"]
    assert "7d1f" not in done.stderr
    assert "ValueError" in done.stderr


RIDDLE = """
import logging, django
django.setup()
from lifecycle.engine.host import log_format
log_format.configure()
server = logging.getLogger("daphne.server")
server.info("HTTP/2 support not enabled (install the http2 and tls Twisted extras)")
server.info("HTTP/2 support enabled")
"""


def test_of_what_daphne_says_only_the_line_of_no_use_is_left_out(tmp_path: Path) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "MCPSTORE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", RIDDLE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["HTTP/2 support enabled"]


def test_at_a_terminal_lines_are_for_people(tmp_path: Path) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "MCPSTORE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
    }
    mine, its = os.openpty()
    quiet = PROGRAM.replace('fail("local-value-7d1f")\n"""', '"""').rpartition("thread = ")[0]
    subprocess.run([sys.executable, "-c", quiet], cwd=ROOT, env=environment, stderr=its, check=True)
    os.close(its)
    shown = os.read(mine, 100_000).decode()
    os.close(mine)
    assert "locked out" in shown and "daphne" in shown
    assert '{"' not in shown and "known-value-7d1f" not in shown
