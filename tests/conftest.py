"""Each test run has a data directory of its own, so runs beside each other never meet."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest
from django.conf import settings

DATA_DIR = os.environ.get("MCPSTORE_TEST_DATA_DIR") or tempfile.mkdtemp(prefix="mcpstore-test-")
os.environ["MCPSTORE_DATA_DIR"] = DATA_DIR
# Not in pyproject.toml: from there the settings would be read before this file says where the data is.
os.environ["DJANGO_SETTINGS_MODULE"] = "mcpstore_site.settings"
django.setup()
from django.contrib.contenttypes.management import create_contenttypes  # noqa: E402 - it reads models
from django.db.models.signals import post_migrate  # noqa: E402

# Not inherited: a pytest-xdist worker would read the settings before it comes to this file.
del os.environ["DJANGO_SETTINGS_MODULE"]
# Pages are rendered without collectstatic; whole consoles do collect.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STATIC_ROOT.mkdir(exist_ok=True)
# A password is worth a quarter of a second and a commit a flush of the disk, but not to a test.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if "init_command" in (options := settings.DATABASES["default"]["OPTIONS"]):
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
# Nothing asks Django's own permissions; to write them anew after each emptied database takes 50 ms.
post_migrate.disconnect(create_contenttypes)
post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
ROOT = Path(__file__).resolve().parent.parent
pytest_plugins = [
    f"tests.support.{name}"
    for name in ("api", "fleet", "groups", "holding_fixture", "pages", "registering", "terminal", "web")
]
IN_CI = os.environ.get("CI", "") not in ("", "0", "false")

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django import DjangoDbBlocker

    from tests.support.browser import BrowserPage
    from tests.support.console import Console, ConsoleStarter
    from tests.support.mcp_servers import FastMCPServer
    from tests.support.receivers import SmtpReceiver, WebhookReceiver


def pytest_unconfigure() -> None:
    if "MCPSTORE_TEST_DATA_DIR" not in os.environ:
        shutil.rmtree(DATA_DIR, ignore_errors=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What the page of the guarantees says of each file."""
    from tests.guarantees import figures

    file, whole = report.nodeid.partition("::")[0], report.when == "call"
    figures.RUN.count(file, report.outcome, report.duration, whole=whole)


def pytest_sessionfinish() -> None:
    from tests.guarantees import figures

    figures.write(datetime.now(UTC).date())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """An export that a test set off ends before its rows are taken away."""
    from registry.mcpjson import export as mcpjson_export

    mcpjson_export.wait_idle(60)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI runs, a test that could not run has failed."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed where CI is set: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed where CI is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server that lets us make databases."""
    from tests.support.postgres import PostgresServer

    if given := os.environ.get("DATABASE_URL", ""):
        yield given
        return
    server = PostgresServer()
    yield server.url
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database on a real PostgreSQL server."""
    from tests.support.postgres import drop_database, new_database

    url = new_database(postgres_server)
    yield url
    drop_database(postgres_server, url)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The tests' own database begins as a copy, too."""
    from django.db import connection

    from tests.support.tables import copied_by_tests

    copied_by_tests(connection, os.environ.get("DATABASE_URL", ""))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """SQLite is asked here whether it knows JSON, not by whichever test counts its queries first."""
    from django.db import connection

    with django_db_blocker.unblock():
        assert connection.features.supports_json_field


@pytest.fixture(scope="session")
def empty_tables() -> Path:
    """A SQLite file with the tables and nothing in them, to begin with; making them takes seconds."""
    from tests.support.tables import sqlite_file

    return sqlite_file()


@pytest.fixture(scope="session")
def served_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stylesheet and scripts as they are served, to begin with; compressing them takes a second."""
    from tests.support.collecting import collected

    with collected(place := tmp_path_factory.mktemp("static")):
        return place


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> str:
    """The same on PostgreSQL: the name of a database there to copy."""
    from tests.support.tables import postgres_template

    return postgres_template(postgres_server)


@pytest.fixture
def postgres_copy(postgres_server: str, postgres_tables: str) -> Iterator[str]:
    """The address of a database that has its tables already."""
    from tests.support.postgres import drop_database, new_database

    url = new_database(postgres_server, postgres_tables)
    yield url
    drop_database(postgres_server, url)


@pytest.fixture(scope="module")
def start_console(
    tmp_path_factory: pytest.TempPathFactory, empty_tables: Path, served_files: Path
) -> Iterator[ConsoleStarter]:
    """Starts whole consoles, `manage.py up`; stops them after the module. Keywords are environment.

    Without a directory of its own, one begins with its tables there; `make up` itself is tried elsewhere.
    """
    from tests.support.console import Console

    started: list[Console] = []

    def start(data_dir: Path | None = None, **environment: str) -> Console:
        place = data_dir or tmp_path_factory.mktemp("console")
        if data_dir is None and "DATABASE_URL" not in environment:
            shutil.copy(empty_tables, place)
            shutil.copytree(served_files, place / "static")
        console = Console(place, environment)
        started.append(console)
        console.start()
        return console

    yield start
    for console in started:
        console.stop()


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter) -> Console:
    """One console for the tests of a module; give what you register names of your own."""
    return start_console()


@pytest.fixture(scope="module")
def smtp_receiver() -> Iterator[SmtpReceiver]:
    """A real SMTP server; `.url` goes into EMAIL_URL, `.messages` is what arrived."""
    from tests.support.receivers import SmtpReceiver

    with SmtpReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """A real HTTP server; `.url` is where to send, `.verified(secret)` checks signatures."""
    from tests.support.receivers import WebhookReceiver

    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def fastmcp_http_server() -> Iterator[FastMCPServer]:
    """A FastMCP server over streamable HTTP; `.kill()` and `.start()` keep its port."""
    from tests.support.mcp_servers import FastMCPServer

    with FastMCPServer() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """No async test may share a module with this: Playwright keeps a loop running in the thread."""
    from tests.support.browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def browser_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserPage]:
    """A page in a context of its own; the test fails if the page reports an error that was not expected."""
    from tests.support.browser import BrowserPage

    page = BrowserPage(chromium)
    failures_before = request.session.testsfailed
    yield page
    page.close(request.node.name if request.session.testsfailed > failures_before else "")
    assert page.problems() == []
