"""What a worker does without: it has thousands of services to keep in memory, and no pages."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings
from django.core.management import load_command_class

STARTED = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "mcpstore_site.settings"
django.setup()
from django.core.management import load_command_class
load_command_class("lifecycle", "runlifecycle")
pages = ("views", "urls", "forms", "api")
ours = {name.split(".")[1]: name for name in sys.modules if name.startswith(("registry.", "lifecycle."))}
print(*(ours[name] for name in pages if name in ours))
print(*{"ninja", "daphne", "django.test"} & set(sys.modules))
"""


def test_a_worker_imports_no_page() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_worker_makes_no_check_that_would_import_them() -> None:
    assert load_command_class("lifecycle", "runlifecycle").requires_system_checks == []
