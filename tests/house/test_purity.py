"""core/ knows no framework and no clock; the web process knows no MCP client."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE_FILES = sorted(
    [*ROOT.glob("registry/core/**/*.py"), *ROOT.glob("lifecycle/core/**/*.py"), ROOT / "registry/errors.py"]
)
ALLOWED = {
    "__future__", "base64", "binascii", "bisect", "collections", "copy", "dataclasses", "datetime",
    "decimal", "difflib", "enum", "fnmatch", "functools", "graphlib", "hashlib", "heapq", "html",
    "ipaddress", "itertools", "json", "math", "ntpath", "operator", "posixpath", "re", "shlex",
    "statistics", "string", "struct", "tomllib", "types", "typing", "unicodedata", "urllib", "uuid",
    "dateutil",  # its rules of recurrence alone, which step through local days
    "yaml",  # its parser alone, which makes events of a text
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "uuid1", "uuid4"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def belongs(module: str) -> bool:
    return module.split(".")[0] in ALLOWED or module.startswith(
        ("registry.core", "registry.errors", "lifecycle.core")
    )


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_imports_only_plain_values(path: Path) -> None:
    strangers = [module for module in imported(ast.parse(path.read_text())) if not belongs(module)]
    assert strangers == []


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_reads_no_clock_and_no_file(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        called = node.func if isinstance(node, ast.Call) else None
        clock = isinstance(called, ast.Attribute) and called.attr in CLOCKS
        file = isinstance(called, ast.Name) and called.id == "open"
        assert not (clock or file), f"{path.name}:{getattr(node, 'lineno', 0)}"


def test_both_cores_were_looked_at() -> None:
    assert {path.parent.parent.name for path in CORE_FILES} >= {"registry", "lifecycle"}


LOADED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "mcpstore_site.settings"
import django
django.setup()
import importlib
for name in sys.argv[1].split():
    importlib.import_module(name)
from django.urls import get_resolver
get_resolver().reverse_dict
print(*sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[2].split())))
"""


def loaded(modules: str, looked_for: str) -> str:
    """Which of the packages *looked_for* are there when a new process has loaded *modules*, on SQLite."""
    command = [sys.executable, "-c", LOADED, modules, looked_for]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_web_process_imports_no_mcp_client() -> None:
    assert loaded("mcpstore_site.urls mcpstore_site.asgi", "fastmcp mcp mcp_types django") == "django"


def test_a_worker_on_sqlite_loads_nothing_for_postgresql() -> None:
    worker = "lifecycle.management.commands.runlifecycle"
    assert loaded(worker, "fastmcp psycopg psycopg_pool") == "fastmcp"


STARTED = """
import sys, django; django.setup()
from django.core.management import execute_from_command_line
from lifecycle.management.commands.runlifecycle import Command
Command.handle = lambda *args, **options: None
execute_from_command_line(["manage.py", "runlifecycle"])
print(*sorted({"ninja", "daphne", "mcpstore_site.urls"} & set(sys.modules)))
"""


def test_a_worker_that_starts_loads_no_pages() -> None:
    """Django's checks before a command would: a second and 12 MB, for nothing."""
    command = [sys.executable, "-c", STARTED]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


def test_the_supervisor_runs_without_anything_of_ours_to_import() -> None:
    """`up` becomes it as a program of its own, isolated: an import of ours would end everything."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='supervision')"
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        code,
        str(ROOT / "mcpstore_site" / "serving" / "supervision.py"),
    ]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
