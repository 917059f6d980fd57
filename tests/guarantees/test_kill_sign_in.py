"""`kill -9` of the worker at each step of a sign-in and of a renewal: no token is lost that could be kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone

from lifecycle.models import Command, PolicyHead, PolicyProfile, ServiceState, SignInFlow
from lifecycle.signin import operations, queries
from registry.models import Role
from registry.services import register
from tests.doubles.authorization.person import agrees
from tests.doubles.authorization.protected import Double, served
from tests.doubles.authorization.script import Script
from tests.guarantees.figures import LONG
from tests.guarantees.stage import ALIVE, HASTY, PACE, Nursery
from tests.guarantees.steps import ALL, RENEWING, SIGNING, Step
from tests.support.console import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone, pytest.mark.timeout(600)]
WHO = "ann"
UNKNOWN_HERE = frozenset({"registered there, not here", "the registration is written, not committed"})
UNHEARD = frozenset({"renewed there, not here", "the new tokens are written, not committed"})
"""The server has forgotten the old refresh token and nobody knows the new one: no client can help that."""


KINDS = ["strict", "forgiving", "one for ever"] if LONG else ["strict"]


def tried(steps: Sequence[Step]) -> list[Step]:
    """In the short form every other one, and all after which something is lost."""
    special = UNKNOWN_HERE | UNHEARD
    return [one for number, one in enumerate(steps) if LONG or not number % 2 or one.name in special]


class Scene:
    """One service and its person, while workers come and go."""

    def __init__(self, name: str, double: Double) -> None:
        self.name, self.double = name, double
        self.presses = self.consents = 0
        entry = {"mcpServers": {name: {"url": double.url}}}
        register.register(entry, by=WHO, role=Role.ADMIN, now=timezone.now())

    def press(self) -> None:
        self.presses += 1
        operations.begin(self.name, by=WHO, now=timezone.now(), origin="page")

    def go_on(self) -> None:
        """What the page asks the person to do: consent, or begin again where an attempt has failed."""
        flow = SignInFlow.objects.get(service__name=self.name)
        if flow.failure:
            self.press()
        elif flow.step == "consent" and flow.ended_at is None:
            self.consents += 1
            self.come_back(agrees(queries.consent_url(flow)))

    def come_back(self, location: str) -> None:
        given = dict(parse_qsl(urlsplit(location).query))
        operations.receive(given, by=WHO, now=timezone.now())

    def state(self) -> tuple[str, str]:
        row = ServiceState.objects.get(service__name=self.name)
        return row.state, row.error_cause

    def until_it_serves(self, when: str, *, goes_on: bool = False) -> None:
        """By itself, or with the person."""

        def look() -> bool:
            if goes_on and not self.serves():
                self.go_on()
            return self.serves()

        eventually(look, f"{self.name} serves {when}", 30, PACE)

    def until_it_says(self, cause: str, when: str) -> None:
        eventually(lambda: self.state() == ("UNREACHABLE", cause), f"{cause} after: {when}", 30, PACE)

    def serves(self) -> bool:
        """With a token that the server gave and has not taken back."""
        good = self.double.tokens and self.double.tokens[-1] in self.double.issuing.access
        return bool(good) and self.state()[0] == "HEALTHY"


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    changed = {"changes": HASTY, "updated_by": WHO, "updated_at": timezone.now()}
    PolicyProfile.objects.create(name="normal", **changed)
    PolicyHead.objects.update_or_create(pk=1, defaults={"revision": 1})
    nursery = Nursery(tmp_path / "workers.log")
    yield nursery
    nursery.close()


def kill(nursery: Nursery) -> None:
    """The worker that lives."""
    nursery.signal(signal.SIGKILL)
    assert nursery.ended(20) == -signal.SIGKILL


def test_a_kill_while_signing_in_costs_at_most_one_more_try(nursery: Nursery) -> None:
    with ExitStack() as stack:
        for number, step in enumerate(tried(SIGNING)):
            scene = Scene(f"in-{number}", stack.enter_context(served(Script())))
            nursery.start(ALL.index(step))
            scene.press()
            while nursery.ended(PACE) is None:
                scene.go_on()
            assert nursery.met, step.name
            nursery.start(ALIVE)
            scene.until_it_serves(f"after: {step.name}", goes_on=True)
            kill(nursery)
            registered = scene.double.issuing.count("register")
            assert registered == (2 if step.name in UNKNOWN_HERE else 1), step.name
            assert scene.presses <= 2, step.name


def test_a_consent_that_was_under_way_counts_after_a_kill(nursery: Nursery) -> None:
    """Whoever is at the authorization server when the worker dies has not been there in vain."""
    with served(Script()) as double:
        scene = Scene("there", double)
        nursery.start(ALL.index(next(step for step in SIGNING if step.name == "the consent is asked for")))
        scene.press()
        assert nursery.ended(30) == -signal.SIGKILL
        address = queries.consent_url(SignInFlow.objects.get(service__name="there"))
        nursery.start(ALIVE)
        eventually(lambda: not Command.objects.filter(state__in=["queued", "taken"]).exists(), "answered", 30)
        scene.come_back(agrees(address))
        scene.until_it_serves("after the consent")
        assert (scene.presses, double.issuing.count("authorize")) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_while_a_token_is_renewed_loses_none_that_could_be_kept(nursery: Nursery, kind: str) -> None:
    with ExitStack() as stack:
        for number, step in enumerate(tried(RENEWING)):
            script = Script(forgives=kind == "forgiving", rotates=kind != "one for ever")
            scene = Scene(f"re-{number}", stack.enter_context(served(script)))
            nursery.start(ALL.index(step))
            scene.press()
            scene.until_it_serves(f"before: {step.name}", goes_on=True)
            scene.double.issuing.expire()
            assert nursery.ended(30) == -signal.SIGKILL and nursery.met, step.name
            nursery.start(ALIVE)
            if kind == "strict" and step.name in UNHEARD:
                scene.until_it_says("renewal-cut", step.name)
                scene.press()
                scene.until_it_serves(f"signed in again after: {step.name}", goes_on=True)
            else:
                scene.until_it_serves(f"renewed after: {step.name}")
                assert scene.consents == 1, step.name
            kill(nursery)
            assert scene.double.issuing.count("register") == 1, step.name
