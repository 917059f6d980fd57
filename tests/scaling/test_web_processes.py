"""Two web processes on PostgreSQL: what is changed through one shows in a browser on the other."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.watching import is_same_document, record, seen
from tests.support.browser import BrowserPage
from tests.support.console import Console, ConsoleStarter
from tests.support.mcp_servers import LightServer
from tests.support.postgres import drop_database, new_database

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
A_SECOND_OR_SO = 3.0
LAST_CHANGE = "SELECT extract(epoch FROM max(at)) FROM lifecycle_statechange WHERE service_id = %s"


@pytest.fixture(scope="module")
def database(postgres_server: str, postgres_tables: str) -> Iterator[str]:
    url = new_database(postgres_server, postgres_tables)
    yield url
    drop_database(postgres_server, url)


@pytest.fixture(scope="module")
def first(database: str, start_console: ConsoleStarter) -> Iterator[Console]:
    console = start_console(DATABASE_URL=database)
    yield console
    console.stop()


@pytest.fixture(scope="module")
def second(first: Console, database: str) -> Iterator[Console]:
    """A web process beside the first console, on a port of its own."""
    console = Console(first.data_dir, {"DATABASE_URL": database}, "serve")
    console.start()
    console.password = first.password
    yield console
    console.stop()


def held(console: Console, database: str, name: str, state: str = "HEALTHY") -> int:
    """The service's id, once it is in that state."""
    console.wait_for(name, state)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT id FROM registry_service WHERE name = %s", [name]).fetchone()
    assert found is not None
    return int(found[0])


def row(page: Page, service_id: int, state: str) -> None:
    page.wait_for_selector(f"#service-{service_id}[data-state={state}]", timeout=30_000)


def test_a_change_through_one_shows_in_a_browser_on_the_other(
    first: Console, second: Console, database: str, browser_page: BrowserPage, mcp_server: LightServer
) -> None:
    first.register(lamp={"url": mcp_server.url})
    number = held(first, database, "lamp")
    page = browser_page.sign_in(second, "/services/")
    row(page, number, "HEALTHY")
    record(page)
    for act, state in (("stop", "DISCONNECTED"), ("start", "HEALTHY"), ("stop", "DISCONNECTED")):
        assert first.api.post(f"services/lamp/{act}").status_code < 300
        row(page, number, state)
        with psycopg.connect(database) as connection:
            found = connection.execute(LAST_CHANGE, [number]).fetchone()
        assert found is not None
        took = seen(page, number)[-1]["at"] - float(found[0])
        print(f"{act}: shown {took:.2f} s after it was written")
        assert took < A_SECOND_OR_SO
    first.register(newcomer={"url": mcp_server.url})
    newcomer = held(first, database, "newcomer")
    row(page, newcomer, "HEALTHY")
    assert is_same_document(page)


def test_a_browser_sees_what_was_written_first_and_committed_last(
    first: Console, second: Console, database: str, browser_page: BrowserPage, mcp_server: LightServer
) -> None:
    """Its id in the feed is below that of what was shown long ago."""
    first.register(early={"url": mcp_server.url, "disabled": True}, later={"url": mcp_server.url})
    later = held(first, database, "later")
    early = held(first, database, "early", "DISCONNECTED")
    page = browser_page.sign_in(second, "/services/")
    row(page, early, "DISCONNECTED")
    row(page, later, "HEALTHY")
    record(page)
    with psycopg.connect(database) as slow:
        # No worker writes the state of a service that is to be stopped and is.
        slow.execute("UPDATE lifecycle_servicestate SET state = 'WARNING' WHERE service_id = %s", [early])
        told = "INSERT INTO lifecycle_feeditem (kind, ref, at) VALUES ('service', %s, now()) RETURNING id"
        found = slow.execute(told, [early]).fetchone()
        assert first.api.post("services/later/stop").status_code < 300
        row(page, later, "DISCONNECTED")
        expect(page.locator(f"#service-{early}")).to_have_attribute("data-state", "DISCONNECTED")
        newest = slow.execute("SELECT max(id) FROM lifecycle_feeditem").fetchone()
        assert found is not None
        assert newest is not None
        assert found[0] < newest[0]
    row(page, early, "WARNING")
    assert is_same_document(page)
