"""Write what a new SQLite database is made of: `python -m scripts.new_database`, after each new migration.

With `--check` only say whether it is as it should be.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

import django


def main(check: bool) -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["MCPSTORE_DATA_DIR"] = place
        os.environ["DJANGO_SETTINGS_MODULE"] = "mcpstore_site.settings"
        django.setup()
        text = _text()
    from mcpstore_site.sqlite3.new import FILE

    if not check:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{FILE.name} lacks the latest migrations: run `python -m scripts.new_database`\n")
        return 1
    return 0


def _text() -> str:
    """By Django's own command: each migration after the other."""
    from django.core.management import call_command
    from django.core.management.commands.migrate import Command
    from django.db import connection

    from mcpstore_site.sqlite3 import new

    call_command(Command(), verbosity=0)
    return json.dumps(new.description(connection), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
