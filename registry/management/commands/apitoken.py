"""manage.py apitoken USER [--role viewer|operator|admin]: prints a token once; `list`s and `revoke`s them."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils import timezone

from registry.access import tokens
from registry.access.roles import role_of
from registry.core.scope import read, said
from registry.errors import InvalidConfigError, NotAllowedError
from registry.management.terminal import BY, BaseCommand, scope_given, scope_options, table, when
from registry.models import Role

DAYS = 365


class Command(BaseCommand):
    help = "Issue an API token and print it; it cannot be shown again. --list and --revoke the others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", nargs="?", help="whose token it is; with --list, only those of this user")
        parser.add_argument("--role", choices=Role.values, help="default: the user's own role")
        parser.add_argument("--name", default="", help="what the token is for")
        scope_options(parser)
        days = f"days until it expires; 0: never (default: {DAYS})"
        parser.add_argument("--days", type=int, default=DAYS, help=days)
        parser.add_argument(
            "--list", action="store_true", help="list valid tokens and when they were last used"
        )
        parser.add_argument("--revoke", type=int, metavar="NUMBER", help="revoke the token with this number")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list(options["user"])
        elif options["revoke"] is not None:
            self._revoke(options["revoke"])
        elif options["user"]:
            self._issue(options)
        else:
            raise CommandError("Name the user whose token it is, or give --list or --revoke NUMBER.")

    def _issue(self, options: dict[str, Any]) -> None:
        try:
            user = User.objects.get(username=options["user"], is_active=True)
        except User.DoesNotExist:
            raise CommandError(f"There is no active user {options['user']!r}.") from None
        if not 0 <= options["days"] <= 100 * 365:
            raise CommandError("--days is not a number of days. Give a whole number; 0 is never.")
        role = Role(options["role"]) if options["role"] else role_of(user)
        lives = timedelta(days=options["days"]) or None
        try:
            more = {"name": options["name"], "lives": lives, "scope": scope_given(options)}
            token = tokens.issue(user, role, timezone.now(), by=BY, **more)
        except (NotAllowedError, InvalidConfigError) as exc:
            raise CommandError(str(exc)) from None
        self.stdout.write(token)

    def _list(self, username: str | None) -> None:
        rows = tokens.living(timezone.now())
        rows = rows.filter(user__username=username) if username else rows
        cells = [
            (
                str(row.pk),
                f"{row.hint}…",
                row.user.get_username() + ("" if row.user.is_active else " (inactive)"),
                row.role,
                said(read(row.scope)),
                when(row.created_at),
                when(row.expires_at) if row.expires_at else "never",
                when(row.last_used_at),
                row.name,
            )
            for row in rows
        ]
        heads = ("NUMBER", "TOKEN", "USER", "ROLE", "SCOPE", "ISSUED", "EXPIRES", "LAST USED", "NAME")
        table(self.stdout.write, heads, cells)

    def _revoke(self, number: int) -> None:
        token = tokens.living(timezone.now()).filter(pk=number).first()
        if token is None:
            listed = f"`{settings.COMMAND} apitoken --list` shows them."
            raise CommandError(f"No token has the number {number}. {listed}")
        tokens.revoke(token, timezone.now(), by=BY)
        self.stdout.write(f"{token.hint}… of {token.user.get_username()} is revoked.")
