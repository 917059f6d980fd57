"""manage.py rotatekeys: a new key in the key file, and everything sealed with it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from registry.access import audit
from registry.errors import RegistryError
from registry.management.terminal import BaseCommand
from registry.secrets import rotation

KEEP = "keep the old keys in the file, so that older backups stay readable"

GIVE_UP = "the key file is lost: make a new key and delete secrets that only the lost one opens"
SETTLE = "seconds for running processes to finish with the old key (default: 3)"


class Command(BaseCommand):
    help = "Rotate the key of all stored secrets, also while the console runs. If interrupted, run it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep-old", action="store_true", help=KEEP)
        parser.add_argument("--give-up", action="store_true", help=GIVE_UP)
        parser.add_argument("--settle", type=float, default=3.0, metavar="SECONDS", help=SETTLE)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["give_up"]:
            self._give_up()
        else:
            self._rotate(options)

    def _rotate(self, options: Mapping[str, Any]) -> None:
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

    def _give_up(self) -> None:
        done = rotation.give_up()
        said = f"{done.values} values deleted, {done.approvals} services approved as they are stored"
        audit.note("command line", "keys given up", "secrets.key", said, now=timezone.now())
        self.stdout.write(f"There is a new key: {said}. Start the console again.")
        self.stdout.write("A service whose value is gone says which one; edit it and type the value again.")
        if done.unreadable:
            self.stderr.write(
                f"{done.unreadable} values of channels and calls stay unreadable: type them again."
            )

    def _tell(self, step: str) -> None:
        self.stdout.write(f"{step}")
        self.stdout.flush()
