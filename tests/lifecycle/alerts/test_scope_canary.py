"""0 bytes of `team-b` in what a rule of `team-a` sends: by mail, to a webhook, and in a chat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from lifecycle.alerts.channels.config import Config, new_secret
from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.senders import email, webhook
from lifecycle.alerts.senders.chat import slack
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.machine.states import State as S
from lifecycle.core.reconnection.dependency_wait import BACK
from lifecycle.models import AlertRule
from registry.models import Agent, AgentService, Dependency, Secret, Service
from tests.support.escalating import steps
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.planting import CANARY, plant
from tests.support.posting import Clock, Post, make_channel, once

pytestmark = pytest.mark.django_db(transaction=True)
TO = Config(to=("ann@example.org",), url="https://hooks.example.org/x", secret=new_secret())
URL = "https://shared.example/mcp"
ENTRY = {"url": URL, "headers": {"Authorization": "${secret:common}"}}
ALL = {"kind": "all"}
OF_A = [
    {"kind": "tags", "values": ["team-a"]},
    {"kind": "agents", "values": ["of-a"]},
    {"kind": "services", "values": ["ours", "twin"]},
]


class Teams:
    """Ours, which theirs needs, which our twin needs; all three use one host and one credential."""

    def __init__(self, scope: dict[str, Any]) -> None:
        evaluate.forget()
        Secret.objects.create(name="common", ciphertext="", created_at=NOON, updated_at=NOON)
        self.theirs = plant(entry={**ENTRY, CANARY: CANARY}, endpoint=URL, transport="sse")
        AlertRule.objects.all().delete()
        agent = Agent.objects.create(name="of-a", created_at=NOON, updated_at=NOON)
        self.ours, self.twin = (self._of_a(name, agent) for name in ("ours", "twin"))
        Dependency.objects.create(service=self.theirs, depends_on=self.ours)
        Dependency.objects.create(service=self.twin, depends_on=self.theirs)
        ours, phone, others = (make_channel(name, kind="webhook") for name in ("a", "phone", "b"))
        others.kind = "console"
        others.save()
        self.own: dict[str, Any] = {"scope": scope, "reminder_seconds": 120}
        own, self.channel = self.own, ours
        make_rule(ours, name="Down", steps=steps((60, [phone])), response="restart", **own)
        make_rule(ours, name="Long down", condition="not-serving-for", seconds=30, **own)
        make_rule(others, name="Of theirs", scope={"kind": "tags", "values": ["team-b"]})

    def _of_a(self, name: str, agent: Agent) -> Service:
        service = Fleet().service(name, tags=["team-a"], entry=ENTRY)
        Service.objects.filter(pk=service.pk).update(endpoint=URL)
        AgentService.objects.create(agent=agent, service_name=name)
        return service

    def move(self, state: S, second: int, *services: Service, **how: Any) -> None:
        for service in services:
            Fleet().move(service, state, at(second), **how)

    def step(self, second: int) -> None:
        """All fail in one group; ours wait for theirs, try again when that is back, and serve in the end."""
        ours, theirs = (self.ours, self.twin), self.theirs
        match second:
            case 0:
                self.move(S.RECONNECTING, second, *ours, theirs)
            case 200:
                self.move(S.UNREACHABLE, second, *ours, held_by=theirs.name)
            case 300:
                self.move(S.HEALTHY, second, theirs, event="connected")
                make_rule(self.channel, name="Tries again", states=["RECONNECTING"], **self.own)
                self.move(S.RECONNECTING, second, *ours, event="retry", why=f"{BACK}: {theirs.name}")
            case 450:
                self.move(S.HEALTHY, second, *ours, event="connected")
        evaluate.tick(at(second))


async def letters(scope: dict[str, Any], clock: Clock) -> list[Letter]:
    """What the channels of ours were sent in ten minutes."""
    post = Post()
    deliverer = Deliverer({"webhook": post, "console": Post()}, clock=clock, pacing=Pacing)
    teams = await sync_to_async(Teams)(scope)
    for second in range(0, 600, 5):
        await sync_to_async(teams.step)(second)
        await once(deliverer)
        clock.wind(5)
    await deliverer.aclose()
    return post.taken


def written(letter: Letter) -> str:
    """Mail, webhook and chat, with their headers."""
    letter = replace(letter, config=TO)
    calls = [*webhook.build(letter), *slack.build(letter)]
    bodies = [part for call in calls for part in (call.body.decode(), str(call.headers))]
    mail = email.build(letter)
    texts = [mail.subject, mail.body, str(mail.alternatives[0][0]), str(mail.extra_headers)]
    return "\n".join(map(str, [*texts, *bodies]))


@pytest.mark.parametrize("scope", OF_A, ids=lambda scope: scope["kind"])
async def test_no_message_of_a_rule_names_what_the_rule_does_not_look_at(
    scope: dict[str, Any], clock: Clock
) -> None:
    taken = await letters(scope, clock)
    told = [written(letter) for letter in taken]
    whole = "\n".join(told)
    for said in (
        "Still firing",
        "Not acknowledged",
        "share the",
        "needed by 2 services: twin and 1 more",
        BACK,
    ):
        assert said in whole, said
    assert {letter.kind for letter in taken} == {"firing", "resolved"}
    assert [text[max(text.find(CANARY) - 80, 0) :][:120] for text in told if CANARY in text] == []


async def test_a_rule_of_all_names_them(clock: Clock) -> None:
    """Or the other test would prove nothing."""
    whole = "\n".join([written(letter) for letter in await letters(ALL, clock)])
    assert f"needed by 2 services: twin, {CANARY}-svc" in whole and f"{BACK}: {CANARY}-svc" in whole
