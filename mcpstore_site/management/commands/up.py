"""`manage.py up`: web and worker, prepared, started and supervised by one command."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from mcpstore_site import paths
from mcpstore_site.demo import services
from mcpstore_site.serving import supervision
from mcpstore_site.serving.gate import EarlyChild
from mcpstore_site.serving.listening import PortTakenError, listen, port_number
from mcpstore_site.serving.preparation import (
    ADMIN,
    AlreadyRunningError,
    began_anew,
    demonstration_record,
    lock_data_directory,
    never_signed_in,
    prepare,
    reach,
)
from registry.errors import RegistryError

NEVER_SIGNED_IN = (
    f"User: {ADMIN}, who has not signed in yet. The password was printed at the first start; "
    f"`{paths.TYPED} changepassword {ADMIN}` sets another."
)
BEGAN_ANEW = (
    "The database {database} is empty, but this data directory was used before: all users, the history and "
    "the stored secrets are gone, and a new `admin` is made. If that is not meant, stop the console now and "
    "put the backup of the database in its place."
)


class Command(BaseCommand):
    help = "Run the console: web and worker, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=port_number, default=settings.PORT)
        demo = os.environ.get("DEMO", "").lower() in ("1", "true", "yes")
        parser.add_argument("--demo", action="store_true", default=demo, help="add three small services")

    def handle(self, *args: Any, host: str, port: int, demo: bool, **options: Any) -> None:
        try:
            listener = listen(host, port)
            lock_data_directory()
        except (PortTakenError, AlreadyRunningError) as exc:
            raise CommandError(str(exc)) from None
        os.environ.update({"MCPSTORE_HOST": host, "MCPSTORE_PORT": str(port), "PYTHONUNBUFFERED": "1"})
        web = _web(listener.fileno())
        waiting = EarlyChild(web)
        try:
            reach()  # a server that does not answer can still be left by Ctrl-C
            # No migration is left half recorded, no password made and never printed: Ctrl-C waits.
            supervision.hold_signals()
            if began_anew():
                self.stderr.write(BEGAN_ANEW.format(database=connection.settings_dict["NAME"]))
            password = prepare(timezone.now(), demo=demo)
            lost = password is None and never_signed_in()
            demos = services.commands(demonstration_record())
            connections.close_all()
            waiting.wait()
            self.stdout.write(f"Address: {_address(host, port)}")
            if password is not None:
                self.stdout.write(f"User: {ADMIN}\nPassword: {password}")
            elif lost:
                self.stdout.write(NEVER_SIGNED_IN)
        except BaseException as exc:
            waiting.abandon()
            if isinstance(exc, DatabaseError):
                raise CommandError(f"The database cannot be used: {exc}. {_remedy()}") from exc
            if isinstance(exc, RegistryError):
                raise CommandError(str(exc)) from None
            raise
        waiting.open()
        supervision.become(_children({**web, "pid": waiting.pid}, demos))


def _remedy() -> str:
    where = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"Put a backup in the place of {where}, or move it away: the mcp.json beside it is read then."
    return f"Look whether its server runs and DATABASE_URL is right (database {where})."


def _web(fd: int) -> dict[str, Any]:
    argv = [*paths.MANAGE, "serve", "--fd", str(fd)]
    return {"name": "web", "argv": argv, "patience": 8, "pass_fds": [fd]}


def _children(web: dict[str, Any], demos: dict[str, list[str]]) -> list[dict[str, Any]]:
    # The demonstration services go last, so that the worker does not see them fail.
    return [
        *({"name": name, "argv": argv, "order": 1, "patience": 3} for name, argv in demos.items()),
        web,
        {"name": "worker", "argv": [*paths.MANAGE, "runlifecycle"]},
    ]


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the console, or everybody, if that was said."""
    if "MCPSTORE_PUBLIC_URL" in os.environ:
        return str(settings.PUBLIC_URL)
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{shown}:{port}"
