"""manage.py audit: check the audit log, list it, write it to a file."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from registry.access import audit
from registry.access.audit import export, queries
from registry.access.audit.verify import verify
from registry.management.terminal import BY, BaseCommand, plain, table, when

FILTERS = ("q", "who", "what", "service", "door", "since", "until")
AFTER = "an earlier END of the log, which must still be in it"


class Command(BaseCommand):
    help = "Verify, search and export the audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what_to_do", required=True, metavar="COMMAND")
        check = what.add_parser("verify", help="check that no row was altered or removed; exit code 1 if so")
        check.add_argument("--after", default="", metavar="END", help=AFTER)
        every = what.add_parser("list", help="list acts, the newest first")
        every.add_argument("--limit", type=int, default=50)
        file = what.add_parser("export", help="write all acts that match to standard output")
        file.add_argument("--format", choices=[*export.KINDS], default="json")
        for using in (every, file):
            for name in FILTERS:
                using.add_argument(f"--{name}", default="", metavar=name.upper())

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['what_to_do']}")(options)

    def _verify(self, options: dict[str, Any]) -> None:
        found = verify(options["after"])
        if found.problems:
            raise CommandError("\n".join(map(plain, found.problems)))
        self.stdout.write(f"{found.rows:,} rows, none altered, none missing. End: {found.last}")
        if found.other_keys:
            self.stdout.write(f"{found.other_keys:,} were sealed with another django.key: not checked.")

    def _list(self, options: dict[str, Any]) -> None:
        rows = queries.search(queries.wanted(options))[: max(options["limit"], 0)]
        cells = [(when(row.at), row.actor, row.door or "-", f"{row.action} {row.target}") for row in rows]
        table(self.stdout.write, ("WHEN", "WHO", "FROM", "WHAT"), cells)

    def _export(self, options: dict[str, Any]) -> None:
        wanted = queries.wanted(options)
        rows = queries.search(wanted).prefetch_related("named").iterator(chunk_size=500)
        for part in export.parts(options["format"], rows):
            self.stdout.write(part, ending="")
        audit.note(BY, "audit log exported", "all rows", str(wanted.given()), now=timezone.now())
