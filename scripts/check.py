"""Everything a machine can say about the code without running it; the steps run beside each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "djlint": ["-m", "djlint", "--quiet", "--lint", "templates"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "settings": ["manage.py", "check", "--fail-level", "WARNING"],
}
HOSTS = re.compile(r"\b(pypi|pythonhosted|npmjs|npmmirror|yarnpkg|jsdelivr|unpkg)\.(org|com|net)\b")
PATHS = re.compile(r"(?<![\w.])/(root|work|Users|farm)/[A-Za-z]")


def tracked() -> list[Path]:
    """The files that a clone would have; new ones that are not ignored too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.splitlines() if (path := ROOT / name).is_file()]


def strays(path: Path) -> list[str]:
    """Lines that name a package registry or, outside the tests, a folder of one machine."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    name = path.relative_to(ROOT)
    patterns = [HOSTS] if name.parts[0] in ("tests", "scripts") or path.suffix == ".lock" else [HOSTS, PATHS]
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for number, line in enumerate(lines, 1)
        if any(pattern.search(line) for pattern in patterns)
    ]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mcpstore-check-") as data:
        failed = run_steps({**os.environ, "MCPSTORE_DATA_DIR": data, "DATABASE_URL": ""})
    found = [line for path in tracked() for line in strays(path)]
    failed += report("no registry hosts, no machine paths", "\n".join(found))
    return 1 if failed else 0


def run_steps(environment: dict[str, str]) -> int:
    """Start all steps at once, report each; how many failed."""
    running = {
        name: subprocess.Popen(
            [sys.executable, *step],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, step in STEPS.items()
    }
    failed = 0
    for name, process in running.items():
        output, _ = process.communicate()
        failed += report(name, output or f"exit code {process.returncode}" if process.returncode else "")
    return failed


def report(name: str, problem: str) -> int:
    sys.stdout.write(f"{'FAILED' if problem else 'ok':8}{name}\n")
    if problem:
        sys.stdout.write(problem.rstrip() + "\n")
    sys.stdout.flush()
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
