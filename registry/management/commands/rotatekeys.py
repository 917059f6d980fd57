"""manage.py rotatekeys: a new key in the key file, and everything sealed with it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry import rotation
from registry.access import audit
from registry.errors import RegistryError

KEEP = "leave the former keys in the file, so that backups made before can still be read"

SETTLE = "how long running processes get to write what they sealed with the former key (default: 3)"


class Command(BaseCommand):
    help = "Change the key of all stored secrets. The console may run meanwhile; after a kill, run it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep-old", action="store_true", help=KEEP)
        parser.add_argument("--settle", type=float, default=3.0, metavar="SECONDS", help=SETTLE)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotation.rotate(keep_old=options["keep_old"], settle=options["settle"], step=self._tell)
        except RegistryError as exc:
            raise CommandError(str(exc)) from None
        said = f"{done.values} values, {done.approvals} approvals"
        audit.note("command line", "keys rotated", "secrets.key", said, now=timezone.now())
        self.stdout.write(f"The key is changed: {said}.")
        if done.unreadable:
            self.stderr.write(
                f"{done.unreadable} values could not be read with any key; they stay as they are."
            )

    def _tell(self, step: str) -> None:
        self.stdout.write(f"{step}")
        self.stdout.flush()
