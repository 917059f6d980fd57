"""manage.py services: the list of them, one, removing, and bringing back what was removed or archived."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lifecycle import api, reading
from lifecycle.core.states import State
from registry import api_removed, dependencies, mcpjson, registration, removal
from registry.dependencies import StillNeededError
from registry.models import Role
from registry.terminal import BY, PARTLY, as_json, refusals, table, when

STATES = [state.value for state in State]


class Command(BaseCommand):
    help = "List and show services, remove them, and bring back what was removed or archived."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="all services, or those that match")
        every.add_argument("-q", default="", metavar="TEXT", help="part of a name, address or tool")
        every.add_argument("--state", default="", choices=STATES, metavar="STATE", help=", ".join(STATES))
        every.add_argument("--tag", default="", metavar="TAG")
        show = what.add_parser("show", help="one service as JSON, its secrets hidden")
        show.add_argument("name", metavar="SERVICE")
        remove = what.add_parser("remove", help="remove services; for 7 days `restore` brings them back")
        remove.add_argument("names", nargs="+", metavar="SERVICE")
        remove.add_argument("--force", action="store_true", help="also what others need: they no longer do")
        gone = what.add_parser("removed", help="what was removed within 7 days, the latest first")
        gone.add_argument("--archived", action="store_true", help="what gave up and was archived instead")
        back = what.add_parser("restore", help="bring back a removed or archived service")
        back.add_argument("name", metavar="SERVICE")
        back.add_argument("--number", type=int, metavar="ID", help="which of several of that name")
        for using in (every, gone):
            using.add_argument("--json", action="store_true", help="for programs, as REST gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        match = {key: options[key] for key in ("q", "state", "tag")}
        found = reading.matching(**match).select_related("state_row").order_by("name")
        if options["json"]:
            rows = [reading.describe(service) for service in found]
            as_json(self.stdout.write, {"count": len(rows), "results": rows})
            return
        cells = [
            (one.name, reading.state_of(one).value, one.desired, one.transport, one.endpoint) for one in found
        ]
        table(self.stdout.write, ("SERVICE", "STATE", "DESIRED", "TRANSPORT", "ENDPOINT"), cells)

    def _show(self, options: dict[str, Any]) -> None:
        as_json(self.stdout.write, api.full(options["name"]))

    def _remove(self, options: dict[str, Any]) -> None:
        names = [registration.get(name).name for name in dict.fromkeys(options["names"])]
        kept: list[str] = []
        for name in dependencies.removal_order(names):
            try:
                registration.remove(name, by=BY, now=timezone.now(), force=options["force"])
            except StillNeededError as exc:
                kept.append(name)
                self.stderr.write(f"  {exc}")
            else:
                self.stdout.write(f"removed    {name}")
        mcpjson.export_pending(author=BY, now=timezone.now())
        if kept:
            code = PARTLY if len(kept) < len(names) else 1
            raise CommandError(f"Not removed: {', '.join(kept)}. --force does.", returncode=code)

    def _removed(self, options: dict[str, Any]) -> None:
        rows = removal.archived() if options["archived"] else removal.removed(timezone.now())
        found = [api_removed.described(service) for service in rows]
        if options["json"]:
            as_json(self.stdout.write, {"count": len(found), "results": found})
            return
        cells = [
            (
                one["id"],
                one["name"],
                when(one["removed_at"] or one["archived_at"]),
                one["removed_by"] or "-",
                when(one["kept_until"]),
                one["endpoint"],
            )
            for one in found
        ]
        table(self.stdout.write, ("ID", "SERVICE", "WHEN", "BY", "KEPT UNTIL", "ENDPOINT"), cells)

    def _restore(self, options: dict[str, Any]) -> None:
        service = removal.restore(
            options["name"], by=BY, role=Role.ADMIN, now=timezone.now(), number=options["number"]
        )
        mcpjson.export_pending(author=BY, now=timezone.now())
        self.stdout.write(f"restored   {service.name}")
