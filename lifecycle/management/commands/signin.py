"""manage.py signin: how signing in to a service stands, and forgetting its tokens."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from lifecycle.models import Command as ServiceCommand
from lifecycle.signin import operations
from lifecycle.signin.api import standing
from registry.management.terminal import BY, BaseCommand, as_json, plain, refusals
from registry.services import register


class Command(BaseCommand):
    help = "Show the sign-in of a service, or sign out. People sign in on its page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        show = what.add_parser("show", help="show issuer, scopes, end and problem of the sign-in")
        show.add_argument("--json", action="store_true", help="print JSON, as in REST")
        out = what.add_parser("out", help="forget the tokens, and end them where the server takes that")
        for made in (show, out):
            made.add_argument("name", metavar="SERVICE")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _show(self, options: dict[str, Any]) -> None:
        found = standing(register.get(options["name"]), BY)
        if options["json"]:
            as_json(self.stdout.write, found)
            return
        for name, value in found.items():
            for line in value if isinstance(value, list) else [value]:
                if line not in ("", None):
                    self.stdout.write(f"{name:14}  {plain(str(line))}")

    def _out(self, options: dict[str, Any]) -> None:
        origin = ServiceCommand.Origin.TERMINAL
        operations.sign_out(options["name"], by=BY, now=timezone.now(), origin=origin)
