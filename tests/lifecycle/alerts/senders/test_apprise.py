"""What goes by Apprise: in a process of its own, guarded, bounded, and never called confirmed."""

from __future__ import annotations

import asyncio
import importlib.util
import json

import pytest
from django import forms
from pytest_django.fixtures import Settings

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.apprise_bridge import process
from lifecycle.alerts.senders.apprise_bridge.sender import AppriseSender, check
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import SendingError
from registry.secrets import masking
from tests.doubles.provider import Provider, Reply
from tests.support.letters import letter


def channel(provider: Provider, path: str = "/secret-token-1") -> Config:
    return Config(more={"address": f"json://127.0.0.1:{provider.port}{path}"})


async def tried(config: Config) -> str:
    try:
        return await AppriseSender(process.start)(letter(config))
    except SendingError as exc:
        return f"refused: {exc.answer}"


def test_what_has_a_channel_of_its_own_is_sent_there() -> None:
    for address in ("slack://a/b/c/d", "mailto://u:p@x", "tgram://1:A/5", "DISCORD://a/b"):
        with pytest.raises(forms.ValidationError, match="has its own channel type"):
            check(address)
    for address in ("https//x", "x", "pover://", "pover://a b"):
        with pytest.raises(forms.ValidationError, match="Enter an Apprise URL"):
            check(address)
    assert check("json://h/?redirect=yes&a=b") == "json://h/?a=b"
    assert check("json://h/?a=b&redirect=yes&Verify=no") == "json://h/?a=b"
    assert check("json://h/?optional=yes") == "json://h/"


def test_its_secrets_are_masked_wherever_they_stand_in_the_address() -> None:
    config = Config(more={"address": "pover://userkey-123@token-4567890/?sound=none"})
    kind = KINDS["apprise"]
    shown = masking.mask("bad token-4567890 of userkey-123", kind.known_values(config))
    assert "token-4567890" not in shown and "userkey-123" not in shown
    assert kind.summary(config) == "pover://… (accepted, not confirmed)"


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SendingError, match=r"mcpstore-console\[apprise\]"):
        await AppriseSender(process.start)(letter(Config(more={"address": "json://x"})))


async def test_apprise_sends_from_a_process_that_is_guarded(
    provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    config = channel(provider)
    assert await tried(config) == "accepted, not confirmed"
    body = json.loads(provider.requests[0].body)
    assert body["title"] == "[ERROR] weather is RECONNECTING (Service down)"
    assert "<b>refused</b> & réseau" in body["message"]
    provider.replies = [Reply(302, "", {"Location": "/elsewhere"}), Reply(200, "x" * 100_000)]
    both = await asyncio.gather(tried(config), tried(config))
    assert all(said.startswith("refused: ") for said in both), both
    assert not [request for request in provider.requests if "elsewhere" in request.path]
    settings.EGRESS_ALLOW = ()
    before = len(provider.requests)
    both = await asyncio.gather(tried(config), tried(Config(more={"address": "syslog://"})))
    assert both[0].startswith("refused: ") and "is not offered" in both[1]
    assert len(provider.requests) == before


async def test_one_that_hangs_is_killed_and_waits_for_nobody(
    provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    monkeypatch.setattr(process, "KILLED_AFTER", 2.0)
    provider.replies = [Reply(hang=True)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    said = await tried(channel(provider, "/?rto=30"))
    assert said == "refused: no answer within 2 s"
    assert loop.time() - began < 10
