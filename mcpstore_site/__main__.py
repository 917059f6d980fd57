"""The command `mcpstore-console`, which is all of `manage.py` where the console is installed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from mcpstore_site import paths

BEGINNING = ("up", "migrate")
WITHOUT_DATA = ("help", "version", "--version", "benchmark")
HELP = {"-h", "--help"}
ELSEWHERE = (
    "Error: {place} is not the data of a console. Go to the folder where `mcpstore-console up` was started, "
    "or set MCPSTORE_DATA_DIR."
)
NOT_EMPTY = (
    "Error: {place} holds something else. Start the console in an empty folder, or set MCPSTORE_DATA_DIR to "
    "the directory where its data belongs."
)
UNREADABLE = (
    "Error: {place} cannot be read ({why}), so nobody can say what it holds. Run this as the account that it "
    "belongs to, give this account the right to read it, or set MCPSTORE_DATA_DIR to another directory."
)


def main() -> None:
    try:
        with ExitStack() as until_the_end:
            if paths.INSTALLED and "MCPSTORE_DATA_DIR" not in os.environ:
                find_data(sys.argv[1:], until_the_end)
            if sys.argv[1:2] == ["up"] and not HELP & set(sys.argv):
                end_at_ctrl_c()
            run(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)


def end_at_ctrl_c() -> None:
    """End at once on SIGINT, with nothing to clean up, until `up` holds signals back for the supervisor.

    Python's KeyboardInterrupt is lost when it comes within a `__del__` or a callback of a weak reference,
    of which imports are full. Process 1 of a container has no default action; what is ignored stays so.
    """
    if os.getpid() != 1 and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(argv: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpstore_site.settings")
    # These take so long that Ctrl-C may come among them.
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(list(argv))
    except ImproperlyConfigured as exc:
        sys.exit(f"Error: {exc}")


def find_data(arguments: Sequence[str], until_the_end: ExitStack) -> None:
    """See that `data` here is a console's, or may become one; a wrong folder stays as it is."""
    place = paths.DATA.absolute()
    without = not arguments or arguments[0] in WITHOUT_DATA or bool(HELP & set(arguments))
    try:
        found = names_in(place)
    except OSError as exc:
        if not without:
            sys.exit(UNREADABLE.format(place=place, why=exc.strerror))
        found = set()
    if "django.key" in found:  # the first that a console leaves
        return
    if without:
        os.environ["MCPSTORE_DATA_DIR"] = until_the_end.enter_context(TemporaryDirectory())
    elif arguments[0] not in BEGINNING:
        sys.exit(ELSEWHERE.format(place=place))
    elif found and "mcp.json" not in found:
        sys.exit(NOT_EMPTY.format(place=place))


def names_in(place: Path) -> set[str]:
    """Nothing for what is no folder: the settings say what is wrong with it. OSError if it cannot be read."""
    try:
        return {path.name for path in place.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


if __name__ == "__main__":
    main()
