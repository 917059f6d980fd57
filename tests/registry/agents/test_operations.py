"""Agents: who has which services, and the token of one mcp.json."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from registry.access import tokens
from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from registry.agents.operations import GLOBAL_AGENT, AgentNotFoundError
from registry.errors import InvalidConfigError
from registry.models import Agent, AuditEntry, Secret
from registry.services import register as service_register
from tests.support.registering import NOW, Register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_services(register: Register) -> None:
    register({name: {"url": f"https://{name}.example.org/mcp"} for name in ("one", "two", "three")})


def servers(name: str) -> list[str]:
    return list(agent_operations.document(agent_operations.get(name))["mcpServers"])


def test_an_agent_has_its_services_in_the_order_of_the_document() -> None:
    agent_operations.add("writer", ["three", "one"], by="ann", now=NOW)
    assert servers("writer") == ["one", "three"]
    assert agent_operations.counts() == {"writer": 2, GLOBAL_AGENT: 3}


def test_the_built_in_agent_has_all_services_and_needs_no_row(register: Register) -> None:
    register({"four": {"url": "https://four.example.org/mcp"}})
    assert servers(GLOBAL_AGENT) == ["one", "two", "three", "four"]
    assert not Agent.objects.exists()
    assert [agent.name for agent in agent_operations.everyone()] == [GLOBAL_AGENT]


def test_the_built_in_agent_cannot_be_changed_or_removed() -> None:
    with pytest.raises(InvalidConfigError, match="has all services"):
        agent_operations.change(GLOBAL_AGENT, services=["one"], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="has all services"):
        agent_operations.remove(GLOBAL_AGENT, by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="another agent"):
        agent_operations.add(GLOBAL_AGENT, [], by="ann", now=NOW)


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, "a/b", "a\n", "\0"])
def test_a_name_that_does_not_fit_an_address_is_refused(name: str) -> None:
    with pytest.raises(InvalidConfigError, match="cannot be an agent's name"):
        agent_operations.add(name, [], by="ann", now=NOW)


def test_a_name_is_taken_once() -> None:
    agent_operations.add("writer", [], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match="another agent"):
        agent_operations.add("writer", [], by="ann", now=NOW)


def test_unknown_services_are_refused_and_nothing_is_saved() -> None:
    with pytest.raises(InvalidConfigError, match=r"services\.nothing: is not a service"):
        agent_operations.add("writer", ["one", "nothing"], by="ann", now=NOW)
    with pytest.raises(AgentNotFoundError):
        agent_operations.get("writer")
    agent_operations.add("writer", ["one"], by="ann", now=NOW)
    with pytest.raises(InvalidConfigError):
        agent_operations.change("writer", services=["two", "a\0b"], by="ann", now=NOW)
    assert servers("writer") == ["one"]


def test_a_change_replaces_the_choice_or_leaves_it() -> None:
    agent_operations.add("writer", ["one", "two"], by="ann", now=NOW, description="drafts")
    agent_operations.change("writer", services=["two", "three"], by="ben", now=NOW)
    assert servers("writer") == ["two", "three"]
    agent_operations.change("writer", description="letters", by="ben", now=NOW)
    assert (servers("writer"), agent_operations.get("writer").description) == (["two", "three"], "letters")


def test_a_removed_service_leaves_the_agent_and_comes_back_to_it(register: Register) -> None:
    agent_operations.add("writer", ["one", "two"], by="ann", now=NOW)
    service_register.remove("one", by="ann", now=NOW)
    assert (servers("writer"), agent_operations.counts()["writer"]) == (["two"], 1)
    agent_operations.change(
        "writer", services=agent_operations.chosen_names(agent_operations.get("writer")), by="ann", now=NOW
    )
    register({"one": {"url": "https://one.example.org/mcp"}})
    assert servers("writer") == ["two", "one"]


def test_include_makes_the_agent_and_exclude_takes_one_service() -> None:
    agent_operations.include("writer", ["one"], by="ann", now=NOW)
    agent_operations.include("writer", ["two"], by="ann", now=NOW)
    assert servers("writer") == ["one", "two"]
    agent_operations.exclude("writer", "one", by="ann", now=NOW)
    assert servers("writer") == ["two"]
    agent_operations.include(GLOBAL_AGENT, ["one"], by="ann", now=NOW)
    assert [agent.name for agent in agent_operations.everyone()] == [GLOBAL_AGENT, "writer"]


def test_secret_values_are_references(register: Register) -> None:
    register({"keyed": {"url": "https://k.example.org/mcp", "headers": {"X-Api-Key": "canary-4711"}}})
    agent_operations.add("writer", ["keyed"], by="ann", now=NOW)
    text = json.dumps(agent_operations.document(agent_operations.get("writer")))
    assert "canary-4711" not in text
    assert "${secret:" in text


def test_a_token_opens_one_agent_until_it_is_replaced_or_revoked() -> None:
    agent_operations.add("writer", ["one"], by="ann", now=NOW)
    agent_operations.add("reader", ["one"], by="ann", now=NOW)
    first = agent_tokens.issue("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", first, NOW) == agent_operations.get("writer")
    assert agent_tokens.find("reader", first, NOW) is None
    second = agent_tokens.issue("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", first, NOW) is None
    assert agent_tokens.find("writer", second, NOW)
    agent_tokens.revoke("writer", by="ann", now=NOW)
    assert agent_tokens.find("writer", second, NOW) is None
    assert not Agent.objects.exclude(token_digest=None).exists()


@pytest.mark.parametrize("wrong", ["", "mcpa_", "\0", "ü" * 40])
def test_nothing_else_opens_it(wrong: str) -> None:
    agent_operations.add("writer", ["one"], by="ann", now=NOW)
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
        assert agent_operations.get(GLOBAL_AGENT).token_used_at == NOW + timedelta(seconds=noted)


def test_each_act_is_audited() -> None:
    agent_operations.add("writer", ["one"], by="ann", now=NOW)
    agent_operations.change("writer", description="x", by="ann", now=NOW)
    agent_tokens.issue("writer", by="ann", now=NOW)
    agent_tokens.revoke("writer", by="ann", now=NOW)
    agent_operations.remove("writer", by="ann", now=NOW)
    acts = AuditEntry.objects.filter(target="writer").order_by("id").values_list("action", flat=True)
    assert [act.removeprefix("agent ") for act in acts] == [
        "added",
        "changed",
        "token issued",
        "token revoked",
        "removed",
    ]


def test_the_command_exports_what_one_agent_has() -> None:
    agent_operations.add("writer", ["two"], by="ann", now=NOW)
    out = io.StringIO()
    call_command("mcpjson", "export", "--agent", "writer", stdout=out)
    assert list(json.loads(out.getvalue())["mcpServers"]) == ["two"]
    with pytest.raises(CommandError, match="no agent 'reader'"):
        call_command("mcpjson", "export", "--agent", "reader")
