"""What is no page speaks Chinese too: errors of REST, mails and chats, the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from django.utils.translation import override

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.email import build
from lifecycle.core.alerting.fitting import Limit, Unit
from registry.management import terminal
from registry.management.commands import agents, audit, people, rotatekeys
from registry.models import Role
from tests.support.api import api_of
from tests.support.chinese import latin_marks
from tests.support.commands import run
from tests.support.latin import latin
from tests.support.letters import letter

ANN = Config(to=("ann@example.org",))


@pytest.fixture
def chinese() -> Iterator[None]:
    """As a worker or a command of a console whose language it is."""
    with override("zh-hans"):
        yield


@pytest.mark.django_db
def test_an_error_of_rest_is_in_the_language_asked_for_and_its_code_is_not() -> None:
    api = api_of(Role.ADMIN)
    entry = {"mcpServers": {"weather": {"url": "https://example.org/mcp", "command": "npx"}}}
    english = api.post("services", entry).json()["results"][0]["error"]
    api.headers["Accept-Language"] = "zh-CN"
    chinese = api.post("services", entry).json()["results"][0]["error"]
    assert {**english, "message": ""} == {**chinese, "message": ""}
    assert latin(english["message"]) and "同时有" in chinese["message"]
    missing = api.get("services/nowhere").json()["error"]
    assert missing["code"] == "service_not_found" and missing["message"].startswith("没有服务")


def test_a_mail_is_in_the_language_of_the_console(chinese: None) -> None:
    mail = build(letter(ANN, reason="connection refused: nothing is listening there", state="UNREACHABLE"))
    assert "不可达" in mail.subject
    text = str(mail.body)
    assert "状态：" in text and "连接被拒绝" in text
    assert '<html lang="zh-hans">' in str(mail.alternatives[0][0])


def test_a_chat_is_told_in_the_language_of_the_console(chinese: None) -> None:
    said = message.of(letter(ANN, reason="connection refused: nothing is listening there"))
    assert [name for name, _value in said.facts][:2] == ["服务", "状态"]
    assert any("连接被拒绝" in value for _name, value in said.facts)
    whole = said.plain(Limit(most=4000, unit=Unit.CHARACTERS))
    assert "\n服务：" in whole and not latin_marks(whole)


@pytest.mark.django_db
def test_the_terminal_says_its_lines_its_refusals_and_its_help(chinese: None) -> None:
    assert run("agents", "add", "bot")[0].endswith("bot，0 个服务\n")
    assert "描述" in run("agents", "list")[0]
    refusal = io.StringIO()
    terminal.Spoken(refusal).write("CommandError: There is no agent 'nobody'.")
    assert refusal.getvalue() == "CommandError: 没有智能体 'nobody'。\n"


@pytest.mark.parametrize("command", [people.Command, rotatekeys.Command, agents.Command, audit.Command])
def test_the_help_of_a_command_is_said(chinese: None, command: type[terminal.BaseCommand]) -> None:
    parser = command().create_parser("manage.py", "x")
    assert not latin(str(parser.description))
    ours = [one for one in parser._actions if not one.option_strings] + parser._actions[-1:]
    texts = [str(choice.help) for one in ours for choice in getattr(one, "_choices_actions", ())]
    assert [text for text in texts if latin(text)] == []


@pytest.mark.django_db
def test_what_a_command_prints_for_programs_stays_as_it_is(chinese: None) -> None:
    assert '"results"' in run("agents", "list", "--json")[0]
