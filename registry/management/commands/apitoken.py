"""manage.py apitoken USER [--role viewer|operator|admin]: prints a token once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry.access import tokens
from registry.access.roles import role_of
from registry.errors import NotAllowedError
from registry.models import Role


class Command(BaseCommand):
    help = "Issue an API token for a user and print it; it cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--role", choices=Role.values, help="default: the user's own role")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["user"], is_active=True)
        except User.DoesNotExist:
            raise CommandError(f"There is no active user {options['user']!r}.") from None
        role = Role(options["role"]) if options["role"] else role_of(user)
        try:
            token = tokens.issue(user, role, timezone.now())
        except NotAllowedError as exc:
            raise CommandError(str(exc)) from None
        self.stdout.write(token)
