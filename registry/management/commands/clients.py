"""manage.py clients: the configuration of services in the terms of other programs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from registry.agents.operations import GLOBAL_AGENT
from registry.clients import api as client_api
from registry.clients import queries
from registry.clients.presenter import settings_of
from registry.clients.queries import File
from registry.clients.words import text_of
from registry.core.clients.writing.table import TARGETS
from registry.management.terminal import BaseCommand, as_json, plain, refusals, table


class Command(BaseCommand):
    help = "Write the configuration of services for another program; no value of a secret is in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="list the programs that can be written for")
        show = what.add_parser("show", help="print the file on stdout, and notes on stderr")
        show.add_argument("name", nargs="?", metavar="SERVICE")
        show.add_argument(
            "--for", required=True, dest="client", metavar="CLIENT", help="as in `clients list`"
        )
        show.add_argument("--agent", metavar="AGENT", help="the services of this agent")
        show.add_argument("--all", action="store_true", help="all services")
        for using in (every, show):
            using.add_argument("--json", action="store_true", help="print JSON, as in REST")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        if options["json"]:
            found = [client_api.short(target) for target in TARGETS.values()]
            as_json(self.stdout.write, {"count": len(found), "results": found})
            return
        rows = [(one.key, one.program, one.places[0][1]) for one in TARGETS.values()]
        table(self.stdout.write, ("CLIENT", "PROGRAM", "FILE"), rows)

    def _show(self, options: dict[str, Any]) -> None:
        if sum(map(bool, (options["name"], options["agent"], options["all"]))) != 1:
            raise CommandError("Name a service, or give --agent AGENT or --all.")
        file = self._file(options)
        if options["json"]:
            as_json(self.stdout.write, client_api.full(file))
            return
        self.stdout.write(file.written.text, ending="")
        self._say(file)

    def _file(self, options: dict[str, Any]) -> File:
        if options["name"]:
            return queries.of_service(options["client"], options["name"])
        return queries.of_agent(options["client"], options["agent"] or GLOBAL_AGENT)

    def _say(self, file: File) -> None:
        """What the file is for and cannot say, where it does not stand in its way."""
        lines = [f"{where}: {path}" for where, path in file.target.places]
        lines += [f"Set {one.name}: {one.what} of {one.service} {one.around}" for one in settings_of(file)]
        lines += [f"{note.service}: {text_of(note)}" for note in file.written.notes]
        for line in (*lines, file.target.hint):
            if line:
                self.stderr.write(plain(line).rstrip())
