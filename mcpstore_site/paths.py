"""Where the console's own files are: beside the packages in a checkout, in `_files` when it is installed."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "_files").is_dir()
BASE = PACKAGE.parent
FILES = PACKAGE / "_files" if INSTALLED else BASE
DATA = Path("data") if INSTALLED else BASE / "data"

# -P: a folder named `registry` where the console was started is not the console's.
MANAGE = (
    [sys.executable, "-P", "-m", "mcpstore_site"] if INSTALLED else [sys.executable, str(BASE / "manage.py")]
)
TYPED = "mcpstore-console" if INSTALLED else "python manage.py"
