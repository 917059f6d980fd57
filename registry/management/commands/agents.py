"""manage.py agents: consumers with a choice of services, and the tokens of their addresses."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from registry import agents, api_agents, storing
from registry.access import agent_tokens
from registry.models import Agent
from registry.terminal import BY, as_json, plain, refusals, table, when


class Command(BaseCommand):
    help = "Add agents, choose their services, and make the tokens of their addresses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="all agents")
        show = what.add_parser("show", help="the services of one")
        add = what.add_parser("add", help="a new agent with these services")
        choose = what.add_parser("choose", help="give an agent exactly these services, and no others")
        change = what.add_parser("change", help="give or take single services, or describe the agent anew")
        token = what.add_parser(
            "token", help="make a token; it is shown this once, and the one before it ends"
        )
        revoke = what.add_parser("revoke", help="end the token")
        remove = what.add_parser("remove", help="remove an agent; its services stay")
        for using in (show, add, choose, change, token, revoke, remove):
            using.add_argument("name", metavar="AGENT")
        for using in (add, choose):
            using.add_argument("services", nargs="*", metavar="SERVICE")
        choose.add_argument("--none", action="store_true", help="it has no services")
        change.add_argument("--give", action="append", default=[], metavar="SERVICE")
        change.add_argument("--take", action="append", default=[], metavar="SERVICE")
        for using, default in ((add, ""), (change, None)):
            using.add_argument("--description", default=default, metavar="TEXT")
        for using in (every, show, token):
            using.add_argument("--json", action="store_true", help="for programs, as REST gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        counts = agents.counts()
        found = [api_agents.short(agent, counts.get(agent.name, 0)) for agent in agents.everyone()]
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
        found = api_agents.full(agents.get(options["name"]))
        if options["json"]:
            as_json(self.stdout.write, found)
            return
        for name in found["services"]:
            self.stdout.write(name)

    def _add(self, options: dict[str, Any]) -> None:
        description = options["description"]
        agent = agents.add(
            options["name"], options["services"], by=BY, now=timezone.now(), description=description
        )
        self._say("added", agent)

    def _choose(self, options: dict[str, Any]) -> None:
        if bool(options["services"]) == options["none"]:
            raise CommandError("Name its services, or write --none.")
        name, wanted = options["name"], options["services"]
        self._say("changed", agents.change(name, services=wanted, by=BY, now=timezone.now()))

    def _change(self, options: dict[str, Any]) -> None:
        give, take, described = options["give"], options["take"], options["description"]
        if not (give or take or described is not None):
            raise CommandError("Say what is to change: --give SERVICE, --take SERVICE or --description TEXT.")
        with transaction.atomic():
            storing.lock_head()
            chosen = agents.chosen_names(agents.get(options["name"]))
            if strangers := sorted(set(take) - chosen):
                raise CommandError(f"{options['name']} does not have {plain(', '.join(strangers))}.")
            wanted = (chosen | set(give)) - set(take) if give or take else None
            agent = agents.change(
                options["name"], services=wanted, description=described, by=BY, now=timezone.now()
            )
        self._say("changed", agent)

    def _say(self, outcome: str, agent: Agent) -> None:
        count = agents.services_of(agent).count()
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
        agents.remove(options["name"], by=BY, now=timezone.now())
