"""Makes or refreshes .venv from the lock, and does nothing when it is already right.

Runs under any python3 with the standard library alone, since it is what installs everything else:
so it keeps to a syntax that an older Python can still read, to be able to say that it is too old.
Two at once are safe: the second waits for the first and then finds nothing to do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
UV_LOCK = "requirements-uv.lock"
OLDEST = (3, 11)
NAMES = ["python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"]


class SetupError(Exception):
    """Cannot go on; the text says what to type."""


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def digest(kind: str) -> str:
    """What .venv must have been made from: this place, this lock."""
    made_of = str(ROOT).encode() + b"\0" + (ROOT / LOCKS[kind]).read_bytes()
    return kind + " " + hashlib.sha256(made_of).hexdigest()


def installed() -> str:
    try:
        return STAMP.read_text() if PYTHON.exists() else ""
    except OSError:
        return ""


def is_current(kind: str) -> bool:
    """The tests' lock holds all of the console's, so either serves to run it."""
    found = installed()
    return found == digest(kind) or (kind == "runtime" and found == digest("dev"))


def version_of(command: str) -> tuple[int, ...]:
    """(3, 11) and the like; () for what is not a Python that runs."""
    script = "import sys, venv; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([command, "-I", "-c", script], capture_output=True, text=True, timeout=60)
        return tuple(int(part) for part in answer.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def interpreter() -> str:
    """A Python that is new enough: the one that runs this if it can, else the first one found."""
    beside = [] if sys.prefix != sys.base_prefix else [sys.executable]
    for name in beside + NAMES:
        found = shutil.which(name)
        if found and version_of(found) >= OLDEST:
            return found
    raise SetupError(
        "MCPStore Console needs Python 3.11 or newer, and none was found.\n"
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python), "
        "then type the same command again."
    )


def environment() -> dict[str, str]:
    """For pip and uv; where the account has no home to write in, they keep their cache in .venv."""
    given = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", UV_PYTHON_DOWNLOADS="never")
    place = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    nearest = next(parent for parent in (place, *place.absolute().parents) if parent.exists())
    if not os.access(str(nearest), os.W_OK | os.X_OK):
        given["XDG_CACHE_HOME"] = str(VENV / ".cache")
    return given


def run(*command: str) -> bool:
    try:
        return subprocess.run(command, cwd=str(ROOT), env=environment(), stdout=sys.stderr).returncode == 0
    except OSError:
        return False


def quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, cwd=str(ROOT), env=environment(), capture_output=True).returncode == 0
    except OSError:
        return False


def make_venv(base: str) -> None:
    """An environment without pip: the base's pip, if it has one, fills it and saves some seconds."""
    if version_of(str(PYTHON)) >= OLDEST:
        return
    say(f"Creating .venv with {base} …")
    if not run(base, "-m", "venv", "--clear", "--without-pip", str(VENV)):
        raise SetupError(f"{base} could not make {VENV}; what it said stands above.")


def pip_command(base: str) -> list[str]:
    """A pip that fills .venv: its own, the base's, one from ensurepip, or one that apt brings for it."""
    own, outside = [str(PYTHON), "-m", "pip"], [base, "-m", "pip", "--python", str(PYTHON)]
    if quietly(*own, "--version"):
        return own
    if (runner := pip_runner(base)) and quietly(str(PYTHON), runner, "--version"):
        return [str(PYTHON), runner]
    if quietly(*outside, "--version"):
        return outside
    if quietly(str(PYTHON), "-m", "ensurepip"):
        return own
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("This Python has no pip: installing python3-venv …")
        if apt_get("python3-venv") and quietly(str(PYTHON), "-m", "ensurepip"):
            return own
    raise SetupError(
        "This Python can make no environment with pip in it.\n"
        f"Type `sudo apt-get install python3-venv` (or install pip for {base}), then the same command."
    )


def pip_runner(base: str) -> str:
    """What the base's `pip --python` runs .venv's Python with; to run it oneself saves starting pip twice."""
    script = "import importlib.util as u; print(u.find_spec('pip').submodule_search_locations[0])"
    try:
        answer = subprocess.run([base, "-I", "-c", script], capture_output=True, text=True)
    except OSError:
        return ""
    runner = Path(answer.stdout.strip(), "__pip-runner__.py")
    return str(runner) if answer.returncode == 0 and runner.exists() else ""


def compile_in_the_background() -> subprocess.Popen[bytes]:
    """The console's own bytecode, made while pip is busy; what it cannot make the first start makes."""
    folders = [str(path.parent) for path in ROOT.glob("*/__init__.py")]
    command = [str(PYTHON), "-m", "compileall", "-q", *folders]
    return subprocess.Popen(command, cwd=str(ROOT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def apt_get(*packages: str) -> bool:
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", *packages]):
        if subprocess.run(command, env=environment, stdout=sys.stderr).returncode != 0:
            return False
    return True


def fill(base: str, kind: str) -> None:
    """Install exactly what the lock names: with uv for its speed, with pip where uv cannot."""
    pip = pip_command(base)
    uv, lock = VENV / "bin" / "uv", LOCKS[kind]
    say(f"Installing {lock} …")
    has_uv = run(*pip, "install", "-q", "--require-hashes", "-r", UV_LOCK)
    sync = [str(uv), "pip", "sync", "-q", "--python", str(PYTHON), "--require-hashes", lock]
    if has_uv and (quietly(*sync, "--offline") or run(*sync)):
        return
    say("uv could not; trying pip …")
    # The lock names all there is; to look for more is to stumble over extras that have no hash.
    if not run(*pip, "install", "-q", "--no-deps", "--require-hashes", "-r", lock):
        raise SetupError("The packages could not be installed; what pip said stands above.")


def bootstrap(kind: str) -> None:
    """Bring .venv up to the lock; an environment that can run the tests stays one."""
    if is_current(kind):
        return
    place = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        if is_current(kind):
            return
        kind = "dev" if installed().startswith("dev ") else kind
        STAMP.unlink() if STAMP.exists() else None
        base = interpreter()
        make_venv(base)
        compiling = compile_in_the_background()
        fill(base, kind)
        compiling.wait()
        STAMP.write_text(digest(kind))
    finally:
        os.close(place)


if __name__ == "__main__":
    try:
        bootstrap("dev" if "--dev" in sys.argv[1:] else "runtime")
    except SetupError as problem:
        say(str(problem))
        sys.exit(1)
