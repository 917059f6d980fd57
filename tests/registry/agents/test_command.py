"""manage.py agents: their services and tokens."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from tests.support.commands import run
from tests.support.terminal import Make, rows


@pytest.fixture
def services(make: Make) -> None:
    for name in ("weather", "maps", "news"):
        make(name)


def chosen(name: str) -> set[str]:
    return agent_operations.chosen_names(agent_operations.get(name))


def test_an_agent_is_added_listed_and_removed(services: None) -> None:
    assert (
        run("agents", "add", "bot", "weather", "maps", "--description", "the bot")[0]
        == "added      bot, 2 services\n"
    )
    assert rows("agents", "list") == [
        ["global_agent_store", "3", "-", "-"],
        ["bot", "2", "-", "-", "the", "bot"],
    ]
    assert run("agents", "show", "bot")[0] == "maps\nweather\n"
    assert json.loads(run("agents", "show", "bot", "--json")[0])["services"] == ["maps", "weather"]
    assert json.loads(run("agents", "list", "--json")[0])["count"] == 2
    run("agents", "remove", "bot")
    with pytest.raises(CommandError, match="no agent 'bot'"):
        run("agents", "show", "bot")


def test_its_services_are_chosen_given_and_taken(services: None) -> None:
    run("agents", "add", "bot", "weather")
    run("agents", "choose", "bot", "maps", "news")
    assert chosen("bot") == {"maps", "news"}
    run("agents", "change", "bot", "--give", "weather", "--take", "maps", "--description", "new")
    assert chosen("bot") == {"weather", "news"}
    assert agent_operations.get("bot").description == "new"
    run("agents", "change", "bot", "--description", "")
    assert (agent_operations.get("bot").description, chosen("bot")) == ("", {"weather", "news"})
    run("agents", "choose", "bot", "--none")
    assert chosen("bot") == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "a/b"), "Use 1 to 64 letters"),
        (("add", "bot"), "name of another agent"),
        (("add", "more", "nobody"), "services.nobody: is not a service"),
        (("choose", "bot"), "--none"),
        (("change", "bot"), "Give --give"),
        (("change", "bot", "--take", "news"), "bot does not have news"),
        (("choose", "global_agent_store", "news"), "has all services"),
        (("token", "none"), "no agent"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(services: None, words: tuple[str, ...], said: str) -> None:
    run("agents", "add", "bot", "weather")
    with pytest.raises(CommandError, match=said):
        run("agents", *words)
    assert chosen("bot") == {"weather"}


def test_a_token_is_shown_once_works_and_ends(services: None) -> None:
    run("agents", "add", "bot", "weather")
    token, url = run("agents", "token", "bot")[0].split()
    answer = Client().get(url.removeprefix("http://127.0.0.1:8000"))
    assert list(answer.json()["mcpServers"]) == ["weather"]
    assert token not in run("agents", "list")[0]
    second = json.loads(run("agents", "token", "bot", "--json")[0])["token"]
    assert agent_tokens.find("bot", token, timezone.now()) is None
    assert agent_tokens.find("bot", second, timezone.now()) is not None
    run("agents", "revoke", "bot")
    assert agent_tokens.find("bot", second, timezone.now()) is None
