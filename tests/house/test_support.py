"""The tests' own tools tell the truth: servers serve, receivers receive, skips fail where CI is set."""

from __future__ import annotations

import asyncio
import os
import pwd
import smtplib
import subprocess
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path

import httpx2
import psutil
import psycopg
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.support import postgres, tables
from tests.support.mcp_servers import FastMCPServer, listens
from tests.support.receivers import SmtpReceiver, WebhookReceiver
from tests.support.tools import ROOT

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def test_each_test_gets_an_empty_database_on_a_real_postgresql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE here (id int)")
        assert connection.info.server_version >= 150000


def test_a_migration_that_changes_makes_other_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tables.digest()
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    migration = tmp_path / "app" / "migrations" / "0001_initial.py"
    migration.parent.mkdir(parents=True)
    digests = [ours, tables.digest()]
    for text in ("a = 1", "a = 2"):
        migration.write_text(text)
        digests.append(tables.digest())
    assert len(set(digests)) == 4


def test_postgresql_starts_as_another_account_from_a_directory_that_only_root_can_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a clone in Debian's /root; whoever is not root runs it from the copy as itself."""
    ours = postgres.copied(postgres.installation(), tmp_path / "site-packages")
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres, "installation", lambda: ours)
    if os.geteuid() == 0:  # else it would be the place of a socket, whose path may not be so long
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", None)
    server = postgres.PostgresServer()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        own = pwd.getpwuid(os.geteuid()).pw_name
        assert psutil.Process(server.process.pid).username() == ("nobody" if own == "root" else own)
        assert server.programs.is_relative_to(server.home if os.geteuid() == 0 else tmp_path)
    finally:
        server.stop()
    assert not server.home.exists()


def test_a_mail_arrives_as_it_was_sent(smtp_receiver: SmtpReceiver) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Ünicode", "a@example.org", "b@example.org"
    message.set_content("text")
    with smtplib.SMTP("127.0.0.1", smtp_receiver.port) as client:
        client.send_message(message)
    assert smtp_receiver.subjects() == ["Ünicode"]


def test_a_webhook_with_a_wrong_signature_is_noticed(webhook_receiver: WebhookReceiver) -> None:
    webhook_receiver.requests.clear()
    httpx2.post(webhook_receiver.url, content=b"{}", headers={"webhook-id": "1"}, trust_env=False)
    assert webhook_receiver.ids() == ["1"]
    with pytest.raises(WebhookVerificationError):
        webhook_receiver.verified(SECRET)


def test_a_signed_webhook_is_verified(webhook_receiver: WebhookReceiver) -> None:
    from datetime import UTC, datetime

    webhook_receiver.requests.clear()
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, '{"a": 1}'),
    }
    httpx2.post(webhook_receiver.url, content=b'{"a": 1}', headers=headers, trust_env=False)
    assert webhook_receiver.verified(SECRET) == [{"a": 1}]


def test_the_small_server_comes_back_on_its_port_after_a_kill(fastmcp_http_server: FastMCPServer) -> None:
    fastmcp_http_server.kill()
    assert not listens(fastmcp_http_server.port)
    fastmcp_http_server.start()
    assert listens(fastmcp_http_server.port)


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_it.py").write_text("import pytest\ndef test_it():\n    pytest.skip('no such tool')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    options = ["-c", str(ROOT / "pyproject.toml"), str(tmp_path)]
    environment = {"PATH": "/usr/bin:/bin", "CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert f"1 {outcome}" in done.stdout.splitlines()[-1], done.stdout + done.stderr


async def test_the_small_server_has_its_tools() -> None:
    from fastmcp import Client

    from tests.support.fastmcp_program import build

    async with Client(build("small", 2)) as client:
        names = [tool.name for tool in await asyncio.wait_for(client.list_tools(), 10)]
        assert names == ["add", "wait", "fail", "environment", "extra_0", "extra_1"]
        assert (await client.call_tool("add", {"a": 2, "b": 3})).data == 5
