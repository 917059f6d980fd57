"""The whole console as its users start it: private, on either database, with settings that are right."""

from __future__ import annotations

import json
import stat
from uuid import uuid4

import pytest

from tests.support.console import ConsoleStarter
from tests.support.mcp_servers import light_entry

pytestmark = pytest.mark.timeout(180)


def test_data_and_keys_are_for_this_account_alone(start_console: ConsoleStarter) -> None:
    console = start_console()
    assert stat.S_IMODE(console.data_dir.stat().st_mode) == 0o700
    files = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in console.data_dir.iterdir() if path.is_file()
    }
    assert {"django.key", "mcpstore.sqlite3", "mcpstore.sqlite3-wal", "mcpstore.sqlite3-shm"} <= files.keys()
    assert set(files.values()) == {0o600}
    assert console.password not in (console.data_dir / "mcpstore.sqlite3").read_bytes().decode("latin-1")


def test_an_empty_database_takes_the_mcp_json_that_lies_there(
    start_console: ConsoleStarter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mark, place = uuid4().hex, tmp_path_factory.mktemp("given")
    (place / "mcp.json").write_text(json.dumps({"mcpServers": {"given": light_entry(mark)}}))
    console = start_console(place)
    console.wait_for("given", "HEALTHY")
    assert mark not in (place / "mcp.json").read_text()


def test_it_runs_on_postgresql(start_console: ConsoleStarter, postgres_url: str) -> None:
    console = start_console(DATABASE_URL=postgres_url)
    console.register(here=light_entry(uuid4().hex))
    console.wait_for("here", "HEALTHY")
    assert not (console.data_dir / "mcpstore.sqlite3").exists()
    assert console.call("here", "echo", message="hello")["content"] == [{"type": "text", "text": "hello"}]
    assert console.stop() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCPSTORE_PORT", "a"),
        ("MCPSTORE_STDIO", "maybe"),
        ("DATABASE_URL", "no"),
        ("EMAIL_URL", "no://x"),
        ("MCPSTORE_EMAIL_FROM", "nobody"),
        ("MCPSTORE_TIME_ZONE", "Mars/Olympus"),
        ("MCPSTORE_LANGUAGE", "tlh"),
    ],
)
def test_a_setting_that_cannot_be_right_stops_the_start_and_says_why(
    start_console: ConsoleStarter, name: str, value: str
) -> None:
    with pytest.raises(AssertionError, match=rf"\n(Command)?Error: {name}: "):
        start_console(None, **{name: value})
