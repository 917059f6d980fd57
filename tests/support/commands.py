"""Commands of manage.py, run in this process."""

from __future__ import annotations

import io

from django.core.management import CommandError, call_command


def run(*words: str, code: int = 0) -> tuple[str, str]:
    """What it says; *code* is the exit code that is expected."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as exc:
        if exc.returncode != code or not code:
            raise
        err.write(str(exc))
    else:
        assert code == 0
    return out.getvalue(), err.getvalue()
