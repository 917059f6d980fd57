"""Agents: who has which services, and the token of one mcp.json."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from registry import agents, registration
from registry.access import agent_tokens, tokens
from registry.agents import GLOBAL_AGENT, AgentNotFoundError
from registry.errors import InvalidConfigError
from registry.models import Agent, AuditEntry, Secret
from tests.registry.conftest import NOW, Register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_services(register: Register) -> None:
    register({name: {"url": f"https://{name}.example.org/mcp"} for name in ("one", "two", "three")})


def servers(name: str) -> list[str]:
    return list(agents.document(agents.get(name))["mcpServers"])


def test_an_agent_has_its_services_in_the_order_of_the_document() -> None:
    agents.add("writer", ["three", "one"], by="ann", now=NOW)
    assert servers("writer") == ["one", "three"]
    assert agents.counts() == {"writer": 2, GLOBAL_AGENT: 3}


def test_the_built_in_agent_has_all_services_and_needs_no_row(register: Register) -> None:
    register({"four": {"url": "https://four.example.org/mcp"}})
    assert servers(GLOBAL_AGENT) == ["one", "two", "three", "four"]
    assert not Agent.objects.exists()
    assert [agent.name for agent in agents.everyone()] == [GLOBAL_AGENT]


def test_the_built_in_agent_cannot_be_changed_or_removed() -> None:
    with pytest.raises(InvalidConfigError, match="has all services"):
        agents.change(GLOBAL_AGENT, services=["one"], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="has all services"):
        agents.remove(GLOBAL_AGENT, by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="another agent"):
        agents.add(GLOBAL_AGENT, [], by="ann", now=NOW)


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, "a/b", "a\n", "\0"])
def test_a_name_that_does_not_fit_an_address_is_refused(name: str) -> None:
    with pytest.raises(InvalidConfigError, match="cannot be an agent's name"):
        agents.add(name, [], by="ann", now=NOW)


def test_a_name_is_taken_once() -> None:
    agents.add("writer", [], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="another agent"):
        agents.add("writer", [], by="ann", now=NOW)


def test_unknown_services_are_refused_and_nothing_is_saved() -> None:
    with pytest.raises(InvalidConfigError, match=r"services\.nothing: is not a service"):
        agents.add("writer", ["one", "nothing"], by="ann", now=NOW)
    with pytest.raises(AgentNotFoundError):
        agents.get("writer")
    agents.add("writer", ["one"], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError):
        agents.change("writer", services=["two", "a\0b"], by="ann", now=NOW)
    assert servers("writer") == ["one"]


def test_a_change_replaces_the_choice_or_leaves_it() -> None:
    agents.add("writer", ["one", "two"], by="ann", now=NOW, description="drafts")
    agents.change("writer", services=["two", "three"], by="ben", now=NOW)
    assert servers("writer") == ["two", "three"]
    agents.change("writer", description="letters", by="ben", now=NOW)
    assert (servers("writer"), agents.get("writer").description) == (["two", "three"], "letters")


def test_a_removed_service_leaves_the_agent_and_comes_back_to_it(register: Register) -> None:
    agents.add("writer", ["one", "two"], by="ann", now=NOW)
    registration.remove("one", by="ann", now=NOW)
    assert (servers("writer"), agents.counts()["writer"]) == (["two"], 1)
    agents.change("writer", services=agents.chosen_names(agents.get("writer")), by="ann", now=NOW)
    register({"one": {"url": "https://one.example.org/mcp"}})
    assert servers("writer") == ["two", "one"]


def test_include_makes_the_agent_and_exclude_takes_one_service() -> None:
    agents.include("writer", ["one"], by="ann", now=NOW)
    agents.include("writer", ["two"], by="ann", now=NOW)
    assert servers("writer") == ["one", "two"]
    agents.exclude("writer", "one", by="ann", now=NOW)
    assert servers("writer") == ["two"]
    agents.include(GLOBAL_AGENT, ["one"], by="ann", now=NOW)
    assert [agent.name for agent in agents.everyone()] == [GLOBAL_AGENT, "writer"]


def test_secret_values_are_references(register: Register) -> None:
    register({"keyed": {"url": "https://k.example.org/mcp", "headers": {"X-Api-Key": "canary-4711"}}})
    agents.add("writer", ["keyed"], by="ann", now=NOW)
    text = json.dumps(agents.document(agents.get("writer")))
    assert "canary-4711" not in text
    assert "${secret:" in text


def test_a_token_opens_one_agent_until_it_is_replaced_or_revoked() -> None:
    agents.add("writer", ["one"], by="ann", now=NOW)
    agents.add("reader", ["one"], by="ann", now=NOW)
    first = agent_tokens.issue("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", first, NOW) == agents.get("writer")
    assert agent_tokens.find("reader", first, NOW) is None
    second = agent_tokens.issue("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", first, NOW) is None
    assert agent_tokens.find("writer", second, NOW)
    agent_tokens.revoke("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", second, NOW) is None
    assert not Agent.objects.exclude(token_digest=None).exists()


@pytest.mark.parametrize("wrong", ["", "mcpa_", "\0", "ü" * 40])
def test_nothing_else_opens_it(wrong: str) -> None:
    agents.add("writer", ["one"], by="ann", now=NOW)
    assert agent_tokens.find("writer", wrong, NOW) is None
    agent_tokens.issue("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", wrong, NOW) is None
    assert agent_tokens.find("wri\0ter", wrong, NOW) is None


def test_only_the_digest_of_a_token_is_kept() -> None:
    token = agent_tokens.issue(GLOBAL_AGENT, by="ann", now=NOW)
    row = Agent.objects.get(name=GLOBAL_AGENT)
    assert row.token_digest == tokens.digest(token)
    kept = [str(list(model.objects.values())) for model in (Agent, AuditEntry, Secret)]
    assert token not in " ".join(kept)


def test_its_use_is_noted_at_most_once_a_minute() -> None:
    token = agent_tokens.issue(GLOBAL_AGENT, by="ann", now=NOW)
    for seconds, noted in ((0, 0), (30, 0), (61, 61)):
        agent_tokens.find(GLOBAL_AGENT, token, NOW + timedelta(seconds=seconds))
        assert agents.get(GLOBAL_AGENT).token_used_at == NOW + timedelta(seconds=noted)


def test_each_act_is_audited() -> None:
    agents.add("writer", ["one"], by="ann", now=NOW)
    agents.change("writer", description="x", by="ann", now=NOW)
    agent_tokens.issue("writer", by="ann", now=NOW)
    agent_tokens.revoke("writer", by="ann", now=NOW)
    agents.remove("writer", by="ann", now=NOW)
    acts = AuditEntry.objects.filter(target="writer").order_by("id").values_list("action", flat=True)
    assert [act.removeprefix("agent ") for act in acts] == [
        "added",
        "changed",
        "token issued",
        "token revoked",
        "removed",
    ]


def test_the_command_exports_what_one_agent_has() -> None:
    agents.add("writer", ["two"], by="ann", now=NOW)
    out = io.StringIO()
    call_command("mcpjson", "export", "--agent", "writer", stdout=out)
    assert list(json.loads(out.getvalue())["mcpServers"]) == ["two"]
    with pytest.raises(CommandError, match="no agent 'reader'"):
        call_command("mcpjson", "export", "--agent", "reader")
