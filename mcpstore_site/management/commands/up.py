"""`manage.py up`: web and worker, prepared, started and supervised by one command."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from mcpstore_site import demonstration, supervision
from mcpstore_site.gate import EarlyChild
from mcpstore_site.listening import PortTakenError, listen, port_number
from mcpstore_site.preparation import (
    ADMIN,
    AlreadyRunningError,
    demonstration_record,
    lock_data_directory,
    never_signed_in,
    prepare,
    reach,
)

NEVER_SIGNED_IN = (
    f"User: {ADMIN}, who has not signed in yet. The password was printed at the first start; "
    f"`python manage.py changepassword {ADMIN}` sets another."
)
MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


class Command(BaseCommand):
    help = "Run the console: prepare it, then web and worker until Ctrl-C."
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
            password = prepare(timezone.now(), demo=demo)
            lost = password is None and never_signed_in()
            demos = demonstration.commands(demonstration_record())
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
            raise
        waiting.open()
        supervision.become(_children({**web, "pid": waiting.pid}, demos))


def _remedy() -> str:
    where = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"Put a backup in the place of {where}, or move it away: the mcp.json beside it is read then."
    return f"Look whether its server runs and DATABASE_URL is right (database {where})."


def _web(fd: int) -> dict[str, Any]:
    argv = [sys.executable, str(MANAGE), "serve", "--fd", str(fd)]
    return {"name": "web", "argv": argv, "patience": 8, "pass_fds": [fd]}


def _children(web: dict[str, Any], demos: dict[str, list[str]]) -> list[dict[str, Any]]:
    # The demonstration services go last, so that the worker does not see them fail.
    return [
        *({"name": name, "argv": argv, "order": 1, "patience": 3} for name, argv in demos.items()),
        web,
        {"name": "worker", "argv": [sys.executable, str(MANAGE), "runlifecycle"]},
    ]


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the console, or everybody, if that was said."""
    if "MCPSTORE_PUBLIC_URL" in os.environ:
        return str(settings.PUBLIC_URL)
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{shown}:{port}"
