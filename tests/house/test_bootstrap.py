"""scripts/bootstrap.py against stand-ins for pip and uv: what is done, what is skipped, what is said."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bootstrap.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose locks ask for nothing, so that no registry is needed."""
    place = tmp_path / "checkout"
    (place / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, place / "scripts" / "bootstrap.py")
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock"):
        (place / name).write_text("# nothing\n")
    return place


def bootstrap(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "bootstrap.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


def loaded(checkout: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_copy", checkout / "scripts" / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_first_run_makes_an_environment_and_the_second_does_nothing_quickly(checkout: Path) -> None:
    first = bootstrap(checkout)
    assert first.returncode == 0, first.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()
    began = time.monotonic()
    second = bootstrap(checkout)
    assert (second.returncode, second.stderr) == (0, "")
    assert time.monotonic() - began < 1


def test_a_changed_lock_is_installed_again(checkout: Path) -> None:
    bootstrap(checkout)
    (checkout / "requirements.lock").write_text("# something else\n")
    assert "Installing requirements.lock" in bootstrap(checkout).stderr
    assert bootstrap(checkout).stderr == ""


def test_an_environment_for_tests_serves_the_console_and_stays_one(checkout: Path) -> None:
    bootstrap(checkout, "--dev")
    assert bootstrap(checkout).stderr == ""
    (checkout / "requirements-dev.lock").write_text("# renewed\n")
    (checkout / "requirements.lock").write_text("# renewed\n")
    assert "Installing requirements-dev.lock" in bootstrap(checkout).stderr


def test_a_moved_checkout_makes_its_environment_again(checkout: Path) -> None:
    bootstrap(checkout)
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert "Installing" in bootstrap(moved).stderr


def test_a_half_made_environment_is_made_again(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(checkout / "no-such-python")
    done = bootstrap(checkout)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([checkout / ".venv" / "bin" / "python", "-c", ""]).returncode == 0


def test_two_at_once_install_once(checkout: Path) -> None:
    command = [sys.executable, str(checkout / "scripts" / "bootstrap.py")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(said).count("Installing") == 1


def test_without_a_new_enough_python_it_says_what_to_type(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = loaded(checkout)
    monkeypatch.setattr(module, "version_of", lambda command: (3, 9))
    with pytest.raises(module.SetupError, match=r"needs Python 3\.11 or newer(?s:.*)apt-get install"):
        module.interpreter()


def test_without_pip_and_without_root_it_says_what_to_type(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = loaded(checkout)
    monkeypatch.setattr(module, "quietly", lambda *command: False)
    monkeypatch.setattr(module, "pip_runner", lambda base: "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(module.SetupError, match="sudo apt-get install python3-venv"):
        module.pip_command("/usr/bin/python3")


def test_as_root_on_debian_the_missing_venv_package_is_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, asked = loaded(checkout), list[str]()

    def apt_get(*packages: str) -> bool:
        asked.extend(packages)
        return True

    monkeypatch.setattr(module, "quietly", lambda *command: "ensurepip" in command and bool(asked))
    monkeypatch.setattr(module, "pip_runner", lambda base: "")
    monkeypatch.setattr(module, "apt_get", apt_get)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert module.pip_command("/usr/bin/python3")[1:] == ["-m", "pip"]
    assert asked == ["python3-venv"]


def test_the_base_pip_runs_in_the_environment_itself(checkout: Path) -> None:
    """Started with `--python` it would start itself twice."""
    module = loaded(checkout)
    module.make_venv(module.interpreter())
    python, runner = module.pip_command(module.interpreter())
    said = subprocess.run([python, runner, "--version"], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("pip ")
    assert python == str(checkout / ".venv" / "bin" / "python")


def test_a_base_whose_pip_runs_only_at_home_is_asked_as_before(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = loaded(checkout)
    monkeypatch.setattr(module, "pip_runner", lambda base: "/base/pip/__pip-runner__.py")
    monkeypatch.setattr(module, "quietly", lambda *command: "--python" in command)
    assert module.pip_command("/base")[:4] == ["/base", "-m", "pip", "--python"]


def test_a_base_with_an_older_pip_is_asked_as_before(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded(checkout)
    monkeypatch.setattr(module, "pip_runner", lambda base: "")
    monkeypatch.setattr(module, "quietly", lambda *command: "--python" in command)
    assert module.pip_command("/old")[:4] == ["/old", "-m", "pip", "--python"]
    monkeypatch.undo()
    assert module.pip_runner("/no/such/python") == ""


@pytest.mark.parametrize("cached", [True, False])
def test_the_network_is_asked_only_for_what_is_not_cached(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    module, online = loaded(checkout), list[tuple[str, ...]]()

    def run(*command: str) -> bool:
        online.append(command)
        return True

    monkeypatch.setattr(module, "quietly", lambda *command: cached and "--offline" in command)
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "pip_command", lambda base: ["pip"])
    module.fill("python3", "runtime")
    assert [command[1] for command in online] == (["install"] if cached else ["install", "pip"])


def test_the_consoles_own_bytecode_is_there_before_its_first_start(checkout: Path) -> None:
    (checkout / "part").mkdir()
    (checkout / "part" / "__init__.py").write_text("A = 1\n")
    bootstrap(checkout)
    assert list((checkout / "part" / "__pycache__").glob("__init__.*.pyc"))


def test_where_uv_fails_pip_installs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, ran = loaded(checkout), []

    def run(*command: str) -> bool:
        ran.append(command)
        return not command[0].endswith("uv")

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "pip_command", lambda base: ["pip"])
    module.fill("python3", "runtime")
    assert ran[-1] == ("pip", "install", "-q", "--no-deps", "--require-hashes", "-r", "requirements.lock")


def test_an_account_without_a_home_to_write_in_keeps_the_cache_in_the_clone(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = loaded(checkout)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for writable in (False, True):
        monkeypatch.setattr(os, "access", lambda *_, found=writable: found)
        given = script.environment().get("XDG_CACHE_HOME", "")
        assert given == ("" if writable else str(checkout / ".venv" / ".cache"))
