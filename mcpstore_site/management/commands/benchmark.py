"""`manage.py benchmark`: the figures of speed and size, measured on this machine."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcpstore_site.benchmarks import table
from mcpstore_site.benchmarks.options import Options
from mcpstore_site.benchmarks.support.scratch import BenchmarkError

SUBJECTS = ("registry", "engine", "live", "pages", "burst", "rest", "monitoring", "alerts")


class Command(BaseCommand):
    help = "Measure speed and size, in a temporary data directory, with the floor of each figure beside it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subjects", nargs="+", choices=[*SUBJECTS, "all"], metavar="subject")
        parser.add_argument("--services", type=int, help="how many, instead of the number that is promised")
        parser.add_argument("--seconds", type=float, help="how long to watch a steady state")
        parser.add_argument("--quick", action="store_true", help="small and short: to see that it works")
        parser.add_argument("--against", type=Path, help="burst: another checkout to measure in the same run")
        parser.add_argument("--days", type=int, help="monitoring: how long the past is")
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="PART",
            help="monitoring: this part; may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args: Any, subjects: list[str], **given: Any) -> None:
        options = Options(
            services=given["services"],
            seconds=given["seconds"],
            quick=given["quick"],
            against=given["against"],
            only=tuple(given["only"]),
            days=given["days"],
        )
        chosen = SUBJECTS if "all" in subjects else list(dict.fromkeys(subjects))
        found: dict[str, list[dict[str, Any]]] = {}
        for name in chosen:
            lines = self._measure(name, options)
            if given["json"]:
                found[name] = table.as_data(lines)
            else:
                self.stdout.write(f"\n{name}\n\n{table.as_text(lines)}")
        if given["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))

    def _measure(self, name: str, options: Options) -> list[table.Line]:
        module = import_module(f"mcpstore_site.benchmarks.{name}")
        try:
            lines: list[table.Line] = module.run(options)
        except BenchmarkError as exc:
            raise CommandError(f"{name}: {exc}") from None
        return lines
