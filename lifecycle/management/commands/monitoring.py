"""`manage.py monitoring`: export what was measured, and see or set the options of monitoring."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from lifecycle.core.monitoring.options import OPTIONS
from lifecycle.monitoring.charts import windows
from lifecycle.monitoring.export import files
from lifecycle.monitoring.settings import change, queries
from registry.management.terminal import BY, BaseCommand, refusals, table
from registry.management.terminal import as_json as print_json
from registry.models import Role, Service
from registry.services import register


class Command(BaseCommand):
    help = "Export monitoring data, and see or set how monitoring works."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write monitoring data of a range to a file")
        export.add_argument("--service", metavar="NAME", help="this one alone")
        export.add_argument("--format", choices=files.FORMATS, help="default: the option export_format")
        export.add_argument("--from", dest="start", default="", metavar="TIME", help="2026-11-21T14:00:00Z")
        export.add_argument("--to", dest="end", default="", metavar="TIME", help="default: now")
        export.add_argument("--range", default="", help="1h, 24h, 7d, 30d or 90d instead; default: 24h")
        export.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
        settings = actions.add_parser(
            "settings", help="show the options, or set some: NAME=VALUE; NAME= resets"
        )
        settings.add_argument("assignment", nargs="*", metavar="NAME=VALUE")
        settings.add_argument("--json", action="store_true")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        with refusals():
            self._export(**options) if action == "export" else self._settings(**options)

    def _export(self, service: str | None, output: Path | None, **options: Any) -> None:
        now = timezone.now()
        given = {"from": options["start"], "to": options["end"], "range": options["range"]}
        try:
            window = windows.asked(given, now)
        except windows.WindowError as exc:
            raise CommandError(str(exc)) from None
        which = files.only(register.get(service)) if service else Service.objects.listed()
        kind = options["format"] or files.usual()
        self._write(files.text(kind, window, now, which, whole=not service), output)

    def _write(self, texts: Iterable[str], output: Path | None) -> None:
        with ExitStack() as stack:
            file = stack.enter_context(output.open("w", encoding="utf-8", newline="")) if output else None
            for text in texts:
                file.write(text) if file else self.stdout.write(text, ending="")
        if output:
            self.stderr.write(f"Written to {output}.")

    def _settings(self, assignment: list[str], json: bool, **options: Any) -> None:
        if assignment:
            changes = dict(_assigned(one) for one in assignment)
            change.change(changes, by=BY, role=Role.ADMIN, now=timezone.now())
        lines = queries.lines()
        if json:
            print_json(self.stdout.write, {line.option.name: line.value for line in lines})
            return
        rows = [[line.option.name, line.value, line.option.default, line.option.label] for line in lines]
        table(self.stdout.write, ["OPTION", "VALUE", "DEFAULT", "MEANING"], rows)


def _assigned(text: str) -> tuple[str, Any]:
    """The option and its value; text stays text where the option is one."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"{text!r} is no assignment. Write NAME=VALUE.")
    if not value:
        return name, None
    option = OPTIONS.get(name)
    if option is not None and option.kind is str:
        return name, value
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
