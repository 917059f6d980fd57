"""The wheel alone, outside the checkout: all that is needed is in it, and it runs where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import httpx2
import psutil
import pytest

from lifecycle.pages.help.documents import FILES
from tests.support.console import Console
from tests.support.tools import ROOT

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(300)]

PACKAGES = ("mcpstore_site", "registry", "lifecycle")
OTHER_FILES = ("templates", "static", "docs/zh-hans")
CACHE = ROOT / ".venv" / ".cache" / "uv"  # where an account without a home keeps it


@dataclass(frozen=True)
class Installed:
    """An environment with the locked packages and the console's wheel in it."""

    wheel: Path
    programs: Path

    def uv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`uv pip …` on this environment."""
        cache = {"UV_CACHE_DIR": str(CACHE)} if CACHE.exists() else {}
        command = [str(Path(sys.executable).with_name("uv")), "pip", *arguments]
        python = {"VIRTUAL_ENV": str(self.programs.parent)}
        return subprocess.run(
            command, cwd=ROOT, env={**os.environ, **cache, **python}, capture_output=True, text=True
        )


def well(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    well(subprocess.run(build, cwd=ROOT, capture_output=True, text=True))
    make = [sys.executable, "-m", "venv", "--without-pip", str(place / "venv")]
    well(subprocess.run(make, capture_output=True, text=True))
    [wheel] = place.glob("*.whl")
    it = Installed(wheel, place / "venv" / "bin")
    locked = ("sync", "--require-hashes", "requirements.lock")
    if it.uv(*locked, "--offline").returncode:
        well(it.uv(*locked))
    well(it.uv("install", "--offline", "--no-deps", str(wheel)))
    return it


@pytest.fixture(scope="module")
def console(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """`mcpstore-console up` in an empty folder, with nothing said about where its data belongs."""
    place = tmp_path_factory.mktemp("empty")
    program = [str(installed.programs / "mcpstore-console")]
    console = Console(place / "data", {"DEMO": "1"}, program=program, place=place)
    del console.environment["MCPSTORE_DATA_DIR"]
    try:
        console.start(seconds=150)  # its first start also makes the bytecode of all packages
        yield console
    finally:
        console.stop()


def files_below(folder: Path) -> set[str]:
    """Relative to the checkout."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(ROOT)) for path in found}


def test_the_wheel_holds_all_of_the_console_and_nothing_else(installed: Installed) -> None:
    with ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = set[str]().union(*(files_below(ROOT / package) for package in PACKAGES))
    for folder in OTHER_FILES:
        expected |= {f"mcpstore_site/_files/{name}" for name in files_below(ROOT / folder)}
    expected |= {f"mcpstore_site/_files/{path}" for path, _title in FILES.values()}
    assert names == expected


def test_what_it_asks_for_is_in_the_lock(installed: Installed) -> None:
    done = installed.uv("check")
    assert done.returncode == 0, done.stderr


def test_it_serves_pages_and_styles_and_its_services_come_up(console: Console) -> None:
    with httpx2.Client(
        base_url=console.address, follow_redirects=True, timeout=20, trust_env=False
    ) as client:
        page = client.get("/login/").text
        style = page.split('<link rel="stylesheet" href="')[1].split('"')[0]
        assert "{" in client.get(style).raise_for_status().text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "admin", "password": console.password, "csrfmiddlewaretoken": token}
        assert "Overview" in client.post("/login/", data=form).raise_for_status().text
        assert "clock" in client.get("/services/").raise_for_status().text
    for name in ("clock", "notes", "dice"):
        console.wait_for(name, "HEALTHY", seconds=60)


def test_its_data_is_below_the_folder_it_was_started_in(console: Console) -> None:
    assert [path.name for path in console.place.iterdir() if path != console.log] == ["data"]
    assert (console.data_dir / "mcpstore.sqlite3").exists()
    assert console.data_dir.stat().st_mode & 0o077 == 0


def test_all_migrations_are_there_and_none_is_missing(console: Console) -> None:
    console.manage("makemigrations", "--check", "--dry-run")
    console.manage("migrate", "--check")


def typed(installed: Installed, place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`mcpstore-console …` in a folder, with nothing set."""
    command = [str(installed.programs / "mcpstore-console"), *arguments]
    return subprocess.run(
        command, cwd=place, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )


def test_in_a_wrong_folder_it_says_so_and_leaves_nothing(installed: Installed, tmp_path: Path) -> None:
    done = typed(installed, tmp_path, "services", "list")
    assert done.returncode == 1
    assert f"{tmp_path / 'data'} is not the data of a console" in done.stderr
    assert "runlifecycle" in typed(installed, tmp_path, "--help").stdout
    assert not list(tmp_path.iterdir())


def test_data_of_something_else_is_left_alone(installed: Installed, tmp_path: Path) -> None:
    other = tmp_path / "data"
    other.mkdir(mode=0o755)
    (other / "measured.csv").touch()
    assert "holds something else" in typed(installed, tmp_path, "up").stderr
    assert [path.name for path in other.iterdir()] == ["measured.csv"]
    assert other.stat().st_mode & 0o777 == 0o755


def test_a_file_named_as_a_package_of_the_console_does_not_get_in_its_way(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "registry.py").write_text("raise SystemExit('the wrong one')\n")
    program = "import os; from mcpstore_site.paths import MANAGE; os.execv(MANAGE[0], [*MANAGE, 'migrate'])"
    command = [str(installed.programs / "python"), "-c", program]
    clean = {"PATH": os.environ["PATH"]}
    well(subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True))


def test_nothing_of_the_checkout_is_used(console: Console) -> None:
    lines = [" ".join(process.cmdline()) for process in console.processes()]
    assert any("runlifecycle" in line for line in lines)
    assert not [line for line in lines if str(ROOT) in line or "manage.py" in line]


def test_sigterm_ends_it_and_leaves_nothing(console: Console) -> None:
    processes = console.processes()
    assert len(processes) >= 5
    assert console.stop() == 0
    assert not [
        process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
