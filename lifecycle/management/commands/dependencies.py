"""manage.py dependencies: who needs whom; and starting or stopping services with all that this concerns."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from lifecycle.dependencies import api as dependency_api
from lifecycle.live.feed.wake_up import Waker
from lifecycle.models import Batch
from lifecycle.models import Command as Order
from lifecycle.operations import ordering
from lifecycle.operations.bulk import operations as bulk_operations
from lifecycle.operations.bulk import progress as bulk_progress
from registry.core.entries import needs
from registry.management.terminal import BY, PARTLY, BaseCommand, Write, as_json, plain, refusals, table
from registry.mcpjson import image
from registry.models import Role
from registry.services import change as service_change
from registry.services import register


class Command(BaseCommand):
    help = "Show and set dependencies, and start or stop services together."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        show = what.add_parser("show", help="list dependencies in start order")
        show.add_argument("name", nargs="?", default="", metavar="SERVICE", help="only those of this service")
        show.add_argument("--json", action="store_true", help="print JSON, as in REST")
        for word, text in (
            ("set", "set all dependencies of a service"),
            ("add", "add dependencies to a service"),
            ("drop", "remove dependencies from a service"),
        ):
            change = what.add_parser(word, help=text)
            change.add_argument("name", metavar="SERVICE")
            change.add_argument("others", nargs="*" if word == "set" else "+", metavar="OTHER")
            if word == "set":
                change.add_argument("--none", action="store_true", help="no dependencies")
        for word, text in (
            ("start", "start services, after their stopped dependencies"),
            ("stop", "stop services, after the running ones that depend on them"),
        ):
            order = what.add_parser(word, help=text)
            order.add_argument("names", nargs="*", metavar="SERVICE")
            order.add_argument("--all", action="store_true", help="all services with dependencies")
            order.add_argument(
                "--alone", action="store_true", help="only these services, without dependencies"
            )
            order.add_argument("--dry-run", action="store_true", help="only show the waves")
            order.add_argument("--wait", type=float, metavar="SECONDS", help="seconds to wait for the end")
            if word == "stop":
                order.add_argument("--force", action="store_true", help="kill the process trees at once")

    def handle(self, *args: Any, **options: Any) -> None:
        doing = {"show": self._show, "start": self._order, "stop": self._order}
        with refusals():
            doing.get(options["what"], self._change)(options)

    def _show(self, options: dict[str, Any]) -> None:
        found = dependency_api.described(options["name"])
        if options["json"]:
            as_json(self.stdout.write, found)
        elif found["nodes"]:
            _say(self.stdout.write, found)
        else:
            self.stdout.write("No service depends on another.")

    def _change(self, options: dict[str, Any]) -> None:
        name, given = options["name"], options["others"]
        before = needs.stored(register.get(name).entry)
        if options["what"] == "set":
            if bool(given) == options["none"]:
                raise CommandError("Name its dependencies, or give --none.")
            wanted = given
        elif options["what"] == "add":
            wanted = [*before, *given]
        else:
            wanted = [other for other in before if other not in given]
            if strangers := [other for other in given if other not in before]:
                raise CommandError(f"{name} does not depend on {plain(', '.join(strangers))}.")
        wanted = list(dict.fromkeys(wanted))
        outcome = service_change.change(
            name, {"depends_on": wanted}, by=BY, role=Role.ADMIN, now=timezone.now()
        )
        image.export_pending(author=BY, now=timezone.now())
        self.stdout.write(f"{outcome:<10} {name} needs {', '.join(wanted) or 'nothing'}")

    def _order(self, options: dict[str, Any]) -> None:
        action = options["what"]
        names = self._meant(options, action)
        waves = ordering.plan(names, action)
        for number, wave in enumerate(waves, 1):
            self.stdout.write(f"wave {number}: {', '.join(wave)}")
        if options["dry_run"]:
            return
        batch = bulk_operations.begin(
            action, names=names, force=options.get("force", False), by=BY, role=Role.ADMIN, now=timezone.now()
        )
        self.stdout.write(f"bulk action {batch.pk}: {action} of {batch.total:,} services")
        if options["wait"] is not None:
            self._follow(batch, time.monotonic() + options["wait"])

    def _meant(self, options: dict[str, Any], action: str) -> list[str]:
        """The services, with those that have to come along."""
        if bool(options["names"]) == options["all"]:
            raise CommandError("Name services, or give --all.")
        if options["all"]:
            return [node["name"] for node in dependency_api.described()["nodes"]]
        names = [register.get(name).name for name in options["names"]]
        company = [] if options["alone"] else ordering.along(names, action)
        return list(dict.fromkeys([*names, *company]))

    def _follow(self, batch: Batch, until: float) -> None:
        """Exit code 1 where some failed, or where it takes longer; it goes on all the same."""
        waker = Waker()
        try:
            while (found := bulk_progress.get(batch.pk)).finished_at is None:
                left = until - time.monotonic()
                if left <= 0:
                    ended = bulk_progress.progress(found).ended
                    raise CommandError(
                        f"{ended:,} of {batch.total:,} finished; the others continue. Is a worker running?"
                    )
                waker.pause(min(left, 1.0))
        finally:
            waker.close()
        self._judge(found)

    def _judge(self, batch: Batch) -> None:
        counted = bulk_progress.progress(batch)
        failed = batch.members.filter(state=Order.State.FAILED).select_related("service").order_by("pk")
        for one in failed:
            self.stderr.write(f"  {one.service.name}: {plain(one.error)}")
        if counted.done < counted.total:
            code = PARTLY if counted.done else 1
            raise CommandError(
                f"{counted.total - counted.done:,} of {counted.total:,} failed.", returncode=code
            )
        self.stdout.write(f"{counted.done:,} done")


def _say(write: Write, found: dict[str, Any]) -> None:
    """A table in the order of starting; those of one wave start together."""
    needed: dict[str, list[str]] = {}
    for edge in found["edges"]:
        needed.setdefault(edge["service"], []).append(edge["depends_on"])
    nodes = {node["name"]: node for node in found["nodes"]}
    rows = [
        (number, name, nodes[name]["state"], _list(needed.get(name, [])), _list(nodes[name]["waits_for"]))
        for number, wave in enumerate(found["waves"], 1)
        for name in wave
        if name in nodes
    ]
    table(write, ("WAVE", "SERVICE", "STATE", "NEEDS", "WAITS FOR"), rows)


def _list(names: list[str]) -> str:
    return ", ".join(names) or "-"
