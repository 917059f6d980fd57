"""manage.py agents: consumers with a choice of services, and the tokens of their addresses."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from registry.agents import api as agent_api
from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from registry.management.terminal import BY, BaseCommand, as_json, plain, refusals, table, when
from registry.models import Agent
from registry.services import store_rows


class Command(BaseCommand):
    help = "Manage agents, their services and their tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="list agents")
        show = what.add_parser("show", help="show the services of an agent")
        add = what.add_parser("add", help="add an agent with these services")
        choose = what.add_parser("choose", help="set the services of an agent")
        change = what.add_parser("change", help="add or remove single services, or change the description")
        token = what.add_parser("token", help="create a token, shown once; the old one stops working")
        revoke = what.add_parser("revoke", help="revoke the token")
        remove = what.add_parser("remove", help="remove an agent; its services stay")
        for using in (show, add, choose, change, token, revoke, remove):
            using.add_argument("name", metavar="AGENT")
        for using in (add, choose):
            using.add_argument("services", nargs="*", metavar="SERVICE")
        choose.add_argument("--none", action="store_true", help="no services")
        change.add_argument("--give", action="append", default=[], metavar="SERVICE")
        change.add_argument("--take", action="append", default=[], metavar="SERVICE")
        for using, default in ((add, ""), (change, None)):
            using.add_argument("--description", default=default, metavar="TEXT")
        for using in (every, show, token):
            using.add_argument("--json", action="store_true", help="print JSON, as in REST")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        counts = agent_operations.counts()
        found = [agent_api.short(agent, counts.get(agent.name, 0)) for agent in agent_operations.everyone()]
        if options["json"]:
            as_json(self.stdout.write, {"count": len(found), "results": found})
            return
        rows = [
            (
                one["name"],
                one["services_count"],
                one["token_hint"] or "-",
                when(one["token_used_at"]),
                one["description"],
            )
            for one in found
        ]
        table(self.stdout.write, ("AGENT", "SERVICES", "TOKEN", "USED", "DESCRIPTION"), rows)

    def _show(self, options: dict[str, Any]) -> None:
        found = agent_api.full(agent_operations.get(options["name"]))
        if options["json"]:
            as_json(self.stdout.write, found)
            return
        for name in found["services"]:
            self.stdout.write(name)

    def _add(self, options: dict[str, Any]) -> None:
        description = options["description"]
        agent = agent_operations.add(
            options["name"], options["services"], by=BY, now=timezone.now(), description=description
        )
        self._say("added", agent)

    def _choose(self, options: dict[str, Any]) -> None:
        if bool(options["services"]) == options["none"]:
            raise CommandError("Name its services, or give --none.")
        name, wanted = options["name"], options["services"]
        self._say("changed", agent_operations.change(name, services=wanted, by=BY, now=timezone.now()))

    def _change(self, options: dict[str, Any]) -> None:
        give, take, described = options["give"], options["take"], options["description"]
        if not (give or take or described is not None):
            raise CommandError("Give --give SERVICE, --take SERVICE or --description TEXT.")
        with transaction.atomic():
            store_rows.lock_head()
            chosen = agent_operations.chosen_names(agent_operations.get(options["name"]))
            if strangers := sorted(set(take) - chosen):
                raise CommandError(f"{options['name']} does not have {plain(', '.join(strangers))}.")
            wanted = (chosen | set(give)) - set(take) if give or take else None
            agent = agent_operations.change(
                options["name"], services=wanted, description=described, by=BY, now=timezone.now()
            )
        self._say("changed", agent)

    def _say(self, outcome: str, agent: Agent) -> None:
        count = agent_operations.services_of(agent).count()
        self.stdout.write(f"{outcome:<10} {agent.name}, {count:,} services")

    def _token(self, options: dict[str, Any]) -> None:
        token = agent_tokens.issue(options["name"], by=BY, now=timezone.now())
        url = agent_tokens.address(options["name"], token)
        if options["json"]:
            as_json(self.stdout.write, {"token": token, "url": url})
        else:
            self.stdout.write(f"{token}\n{url}")

    def _revoke(self, options: dict[str, Any]) -> None:
        agent_tokens.revoke(options["name"], by=BY, now=timezone.now())

    def _remove(self, options: dict[str, Any]) -> None:
        agent_operations.remove(options["name"], by=BY, now=timezone.now())
