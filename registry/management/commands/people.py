"""manage.py people: invite, list, roles, scopes, links to a new password, sessions, deactivate, remove."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from registry.access.account.factors import operations as factors
from registry.access.people import operations, queries
from registry.access.sessions import end as end_sessions
from registry.core.scope import plain, said
from registry.management.terminal import (
    BY,
    BaseCommand,
    as_json,
    refusals,
    scope_given,
    scope_options,
    table,
    when,
)
from registry.models import Role


class Command(BaseCommand):
    help = "Manage the people who may sign in. It works when nobody can."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="list all people")
        every.add_argument("--json", action="store_true", help="print JSON")
        invite = what.add_parser("invite", help="make an account; prints a link that works once, for 7 days")
        role = what.add_parser("role", help="change what a person may do")
        using = [invite, role]
        for word, text in (
            ("reset", "print a link by which the person sets a new password; it works once, for a day"),
            ("deactivate", "end the person's sessions and tokens; the account stays"),
            ("activate", "let the person sign in again"),
            ("sign-out", "end every session of the person"),
            ("sign-in-link", "print a link that signs the person in; it works once, for 15 minutes"),
            ("reset-factors", "remove the authenticator app, passkeys and recovery codes of who lost them"),
            ("remove", "delete the account"),
        ):
            using.append(what.add_parser(word, help=text))
        for one in using:
            one.add_argument("name", metavar="USER")
        invite.add_argument("--role", choices=Role.values, default=Role.VIEWER.value)
        invite.add_argument("--email", default="")
        scope = what.add_parser("scope", help="change which services a person sees; without options: all")
        scope.add_argument("name", metavar="USER")
        for one in (invite, scope):
            scope_options(one)
        role.add_argument("role", choices=Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what'].replace('-', '_')}")(options, {"by": BY, "now": timezone.now()})

    def _list(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        found = queries.everyone(who["now"])
        if options["json"]:
            as_json(self.stdout.write, {"count": len(found), "results": [_plain(one) for one in found]})
            return
        cells = [
            (
                one.name,
                one.role.value,
                one.state,
                when(one.last_login),
                one.tokens,
                "yes" if one.second else "-",
                said(one.scope),
                one.email or "-",
            )
            for one in found
        ]
        heads = ("USER", "ROLE", "STATE", "LAST SIGN-IN", "TOKENS", "2ND FACTOR", "SCOPE", "MAIL")
        table(self.stdout.write, heads, cells)

    def _invite(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        role = Role(options["role"])
        more = {"email": options["email"], "scope": scope_given(options)}
        self.stdout.write(operations.invite(options["name"], role, **more, **who))

    def _scope(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        changed = operations.set_scope(options["name"], scope_given(options), **who)
        self.stdout.write("changed" if changed else "unchanged")

    def _role(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        changed = operations.set_role(options["name"], Role(options["role"]), **who)
        self.stdout.write("changed" if changed else "unchanged")

    def _reset(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        self.stdout.write(operations.reset(options["name"], **who))

    def _deactivate(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        changed = operations.set_active(options["name"], False, **who)
        self.stdout.write("deactivated" if changed else "unchanged")

    def _activate(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        changed = operations.set_active(options["name"], True, **who)
        self.stdout.write("activated" if changed else "unchanged")

    def _sign_out(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        self.stdout.write(f"{end_sessions.every(operations.get(options['name']), **who)} sessions ended")

    def _sign_in_link(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        self.stdout.write(operations.sign_in_link(options["name"], **who))

    def _reset_factors(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        there = factors.reset(operations.get(options["name"]), **who)
        self.stdout.write("reset" if there else "unchanged")

    def _remove(self, options: dict[str, Any], who: dict[str, Any]) -> None:
        operations.remove(options["name"], **who)
        self.stdout.write("removed")


def _plain(person: queries.Person) -> dict[str, Any]:
    keys = ("name", "email", "state", "last_login", "link_until", "tokens", "second")
    return {
        **{key: getattr(person, key) for key in keys},
        "role": person.role.value,
        "scope": plain(person.scope),
    }
