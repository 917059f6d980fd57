"""`manage.py serve`: the web process alone."""

from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from lifecycle.engine.host import log_format
from mcpstore_site import paths
from mcpstore_site.serving.gate import pass_through
from mcpstore_site.serving.listening import PortTakenError, listen, port_number
from mcpstore_site.statics.collect import collect
from registry.errors import RegistryError
from registry.installation import schema
from registry.secrets import vault


class Command(BaseCommand):
    help = "Serve the console's pages; the worker is another process (runlifecycle)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=port_number, default=settings.PORT)
        parser.add_argument("--fd", type=int, help="a listening socket that the parent process has opened")
        parser.add_argument("--gate", type=int, help="a socket whose other end says when the data is ready")

    def handle(
        self, *args: Any, host: str, port: int, fd: int | None, gate: int | None, **options: Any
    ) -> None:
        log_format.configure()
        # Imported here: it installs Twisted's reactor.
        from mcpstore_site.serving.server import serve, warm_up

        if gate is not None:
            warm_up()
            if not pass_through(gate):
                sys.exit(1)
        try:
            listener = socket.socket(fileno=fd) if fd is not None else listen(host, port)
        except PortTakenError as exc:
            raise CommandError(str(exc)) from None
        try:
            look_at_data()
        except CommandError:
            listener.close()
            raise
        if gate is None:  # else `up` has done it
            collect()
        serve(listener)


def look_at_data() -> None:
    """Raise CommandError, with what to do, for tables of a newer version, a missing key or no database."""
    try:
        schema.refuse_newer()
        vault.keys()
    except RegistryError as exc:
        raise CommandError(str(exc)) from None
    except DatabaseError as exc:
        said = f"The database cannot be used: {exc}. Run `{paths.TYPED} migrate` if it is new."
        raise CommandError(said) from exc
