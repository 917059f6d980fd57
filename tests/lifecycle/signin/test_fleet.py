"""Every scripted authorization server at once, in a whole console: state, sentence, registration, secrets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.doubles.authorization.cases import CASES, Case, Says
from tests.doubles.authorization.issuing import MARK
from tests.doubles.authorization.protected import Double, served
from tests.doubles.authorization.script import Fault, Script
from tests.guarantees.canary import Canaries, commands, look_at_rows, post, processes
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.signing_in import Person, hurry

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(400)]
SENTENCES = {
    Says.NOTHING: "Signed in.",
    Says.EXPIRED: "The sign-in has expired and cannot be renewed. Sign in again.",
    Says.WITHDRAWN: "The consent was withdrawn at the authorization server. Sign in again.",
    Says.CUT: "A renewal was interrupted before its response was saved",
    Says.FORGOTTEN: "The authorization server no longer knows this console.",
    Says.WRONG_ISSUER: "Wrong issuer:",
    Says.NOT_REGISTERED: "Registration refused:",
    Says.NO_CLIENT: "The server does not register clients automatically.",
    Says.NO_PKCE: "does not declare support for PKCE with S256",
    Says.WRONG_RESOURCE: "Its metadata describes a different address than the one configured here.",
    Says.REFUSED: "Consent refused: access was denied at the authorization server.",
    Says.NO_METADATA: "Discovery failed: no authorization server was found.",
    Says.ADDRESS: "An address named by a server is not allowed.",
    Says.NO_TOKEN: "Consent was given, but no token was issued.",
    Says.TROUBLE: "did not respond correctly",
    Says.MORE_SCOPE: "The service requires more permissions than you granted.",
}
AWAY = "The authorization server could not renew the sign-in. It is retried."
SERVED = [case for case in CASES if case.name != "client-id document"]
"""Without that one: a console on loopback has no https address to be known by."""
BY_NAME = {re.sub(r"\W+", "-", case.name): case for case in SERVED}


@dataclass
class Fleet:
    console: Console
    person: Person
    doubles: dict[str, Double]

    def sentence(self, name: str) -> str:
        return html.unescape(self.person.card(name))


def sentence_of(case: Case) -> str:
    return AWAY if case.says is Says.TROUBLE and case.then else SENTENCES[case.says]


@pytest.fixture(scope="module")
def fleet(start_console: ConsoleStarter) -> Iterator[Fleet]:
    """All are registered, signed in to as far as it goes, and then come upon what comes later."""
    with ExitStack() as stack:
        doubles = {name: stack.enter_context(served(case.script())) for name, case in BY_NAME.items()}
        console = start_console()
        hurry(console)
        console.register(**{name: {"url": double.url} for name, double in doubles.items()})
        person = stack.enter_context(Person(console))
        for name, double in doubles.items():
            if known := double.script.prior:
                machine = {"machine": "on"} if "client_credentials" in known["grant_types"] else {}
                typed = {"client_id": known["client_id"], "secret": known["client_secret"]}
                issuer = double.issuing.issuer
                saved = post(
                    person.client, f"/services/{name}/signin/client/", issuer=issuer, **typed, **machine
                )
                assert saved.status_code == 200
        for name in doubles:
            console.wait_for(name, "UNREACHABLE")
        person.sign_in(*doubles)
        for name in [name for name, case in BY_NAME.items() if case.signs_in]:
            console.wait_for(name, "HEALTHY")
        for name, case in BY_NAME.items():
            if case.then:
                doubles[name].refused = 0
                getattr(doubles[name].issuing, case.then)()
        yield Fleet(console, person, doubles)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_state_and_the_sentence_are_right(fleet: Fleet, name: str) -> None:
    case, double = BY_NAME[name], fleet.doubles[name]
    if case.then:
        eventually(lambda: double.refused, "it is refused once", 20)
    fleet.console.wait_for(name, case.state)
    eventually(lambda: sentence_of(case) in fleet.sentence(name), fleet.sentence(name), 10)
    assert double.issuing.count("register") == case.registrations


def test_services_of_one_issuer_share_its_one_registration(fleet: Fleet) -> None:
    """Eight sign-ins at once, of which one registers and the others wait for it."""
    names = [f"shared-{number}" for number in range(8)]
    with served(Script(faults={"register": Fault(after=0.5)})) as double:
        fleet.console.register(**{name: {"url": f"{double.url}?of={name}"} for name in names})
        fleet.person.sign_in(*names)
        for name in names:
            fleet.console.wait_for(name, "HEALTHY")
        assert (double.issuing.count("register"), double.issuing.count("token")) == (1, 8)


def test_no_secret_of_a_sign_in_is_found_anywhere(fleet: Fleet) -> None:
    """Tokens, codes and secrets of clients have the mark in every part of them; the verifiers are ours."""
    console, person = fleet.console, fleet.person
    made = {value for double in fleet.doubles.values() for value in double.secrets if MARK not in value}
    assert len(made) > 30 and any(MARK in value for value in fleet.doubles["no-secret"].secrets)
    canaries = Canaries({"mark": MARK} | {f"verifier {value[:4]}": value for value in made})
    for name in fleet.doubles:
        canaries.look(f"the page of {name}", person.page(name))
        canaries.look(f"REST of {name}", console.api.get(f"services/{name}").text)
    for page in ("/", "/settings/audit/", "/queue/", "/versions/", "/alerts/"):
        answer = person.client.get(page)
        assert answer.status_code == 200, page
        canaries.look(page, answer.text)
    given = {"passphrase": "of the export, long enough"}
    canaries.look("an export with secrets", console.api.post("mcp.json/export", json=given).text)
    commands(console, canaries, ["mcpjson", "export"], ["audit", "list"])
    processes(console, canaries, in_environment=())
    look_at_rows(console, canaries)
    canaries.look("the log of web and worker", console.output())
    assert console.stop() == 0
    for path in sorted(path for path in console.data_dir.rglob("*") if path.is_file()):
        canaries.look(f"file {path.relative_to(console.data_dir)} after the stop", path.read_bytes())
    assert canaries.finds == [], "\n".join(canaries.finds)
