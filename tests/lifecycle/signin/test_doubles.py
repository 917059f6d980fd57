"""The scripted authorization servers: `mcp`'s own client signs in where the rules allow it, only there."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.doubles.authorization.cases import CASES, Case, Says
from tests.doubles.authorization.person import agrees
from tests.doubles.authorization.protected import Double, served
from tests.doubles.authorization.script import Fault, Script
from tests.support.oauth import BACK, DOCUMENT, ReferenceClient

VERIFIER = "v" * 50
QUERY = "an address with a query"
SLASHES = ("one slash more in its issuer", "one slash more behind its path")
OURS = (QUERY, *SLASHES)
"""Where we go further than the reference client."""
GOOD = [case for case in CASES if case.signs_in and not case.is_slow and case.name not in OURS]
BAD = [case for case in CASES if not case.signs_in and case.says is not Says.NO_PKCE]


def test_there_are_thirty_at_least_and_each_has_its_name() -> None:
    assert len(CASES) > 30
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
async def test_the_reference_client_signs_in(case: Case) -> None:
    with served(case.script()) as double:
        double.issuing.documents[DOCUMENT] = {"redirect_uris": [BACK]}
        assert await ReferenceClient.of(double).tools() == ["echo"]
        assert double.issuing.count("register") == case.registrations
        assert double.issuing.last("token").get("resource") == double.url
        assert set(double.tokens) <= set(double.secrets) and double.refused == 1


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
async def test_the_reference_client_gets_no_token(case: Case) -> None:
    with served(case.script()) as double:
        with pytest.raises((RuntimeError, AssertionError)):
            await ReferenceClient.of(double).tools()
        assert double.methods == []


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


async def test_the_reference_client_spoils_an_address_that_has_a_query_already() -> None:
    """RFC 6749 section 3.1 lets it have one; `mcp` 2.3.0 puts a second question mark behind it."""
    with served(named(QUERY).script()) as double:
        reference = ReferenceClient.of(double)
        with pytest.raises(RuntimeError):
            await reference.tools()
        assert reference.sent.count("?") == 2


@pytest.mark.parametrize("name", SLASHES)
async def test_the_reference_client_takes_no_issuer_with_a_slash_more(name: str) -> None:
    """As Google's and others' have it; the address of the metadata is the same with it and without."""
    with (
        served(named(name).script()) as double,
        pytest.raises(RuntimeError, match="metadata issuer mismatch"),
    ):
        await ReferenceClient.of(double).tools()


@pytest.mark.parametrize("name", ["plain PKCE only", "no word of PKCE"])
async def test_the_reference_client_does_not_look_for_pkce(name: str) -> None:
    """The rules want it to refuse; `mcp` 2.3.0 does not, so we must."""
    with served(named(name).script()) as double:
        assert await ReferenceClient.of(double).tools() == ["echo"]


class Hand:
    """A client that makes each request by hand."""

    def __init__(self, double: Double) -> None:
        self.double, self.at = double, double.issuing.issuer
        self.client = httpx2.post(f"{self.at}/register", json={"redirect_uris": [BACK]}).json()

    def code(self, **changed: str) -> str:
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        asked = {"response_type": "code", "client_id": self.client["client_id"], "redirect_uri": BACK}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256", "state": "s"}
        asked |= {"resource": self.double.url, **changed}
        back = agrees(f"{self.at}/authorize?{urlencode(asked)}")
        return parse_qs(urlsplit(back).query)["code"][0]

    def post(self, **form: str) -> tuple[int, Any]:
        pair = (self.client["client_id"], self.client["client_secret"])
        answer = httpx2.post(f"{self.at}/token", data=form, auth=pair)
        return answer.status_code, answer.json().get("error") or answer.json()

    def exchange(self, code: str, **changed: str) -> tuple[int, Any]:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return self.post(**{**form, "redirect_uri": BACK, "resource": self.double.url, **changed})

    def renew(self, token: str) -> tuple[int, Any]:
        return self.post(grant_type="refresh_token", refresh_token=token)

    def asks(self, token: str) -> int:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        head = {"Authorization": f"Bearer {token}"}
        return httpx2.post(self.double.url, json=message, headers=head).status_code


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "x" * 50}, {"redirect_uri": BACK + "2"}, {"resource": "http://x"}, {"code": "x"}],
)
def test_a_code_is_good_only_for_who_asked_for_it(changed: dict[str, str]) -> None:
    with served(Script()) as double:
        hand = Hand(double)
        code = hand.code()
        assert hand.exchange(**{"code": code, **changed}) == (400, "invalid_grant")


def test_a_code_is_good_once() -> None:
    with served(Script()) as double:
        hand = Hand(double)
        code = hand.code()
        status, tokens = hand.exchange(code)
        assert status == 200 and hand.asks(tokens["access_token"]) == 200
        assert hand.exchange(code) == (400, "invalid_grant")


def test_nobody_is_sent_back_to_an_address_that_was_not_registered() -> None:
    with served(Script()) as double, pytest.raises(AssertionError, match="no way back"):
        Hand(double).code(redirect_uri=BACK + "/other")


def test_a_client_proves_itself_with_its_own_secret() -> None:
    with served(Script()) as double:
        hand = Hand(double)
        hand.client["client_secret"] += "x"
        assert hand.exchange(hand.code()) == (401, "invalid_client")


def test_a_token_for_another_server_is_not_taken() -> None:
    with served(Script()) as double:
        hand = Hand(double)
        elsewhere = "http://127.0.0.1:1/mcp"
        _, tokens = hand.exchange(hand.code(resource=elsewhere), resource=elsewhere)
        assert hand.asks(tokens["access_token"]) == 401


def test_a_refresh_token_that_comes_twice_ends_all_that_came_from_it() -> None:
    with served(Script()) as double:
        hand = Hand(double)
        _, first = hand.exchange(hand.code())
        _, second = hand.renew(first["refresh_token"])
        assert hand.asks(second["access_token"]) == 200
        assert hand.renew(first["refresh_token"]) == (400, "invalid_grant")
        assert hand.asks(second["access_token"]) == 401
        assert hand.renew(second["refresh_token"]) == (400, "invalid_grant")


def test_a_forgiving_server_renews_again_what_was_never_heard() -> None:
    faults = {"refresh": Fault(lost=True, times=1)}
    with served(Script(forgives=True, faults=faults)) as double:
        hand = Hand(double)
        _, first = hand.exchange(hand.code())
        with pytest.raises(httpx2.RemoteProtocolError):
            hand.renew(first["refresh_token"])
        assert hand.renew(first["refresh_token"])[0] == 200


@pytest.mark.parametrize(
    ("then", "asked", "renewed"),
    [
        ("expire", 401, 200),
        ("withdraw", 401, (400, "invalid_grant")),
        ("forget_clients", 401, (401, "invalid_client")),
        ("end_secrets", 401, (401, "invalid_client")),
        ("want_more", 403, 200),
    ],
)
def test_what_comes_later_changes_the_answers(then: str, asked: int, renewed: Any) -> None:
    with served(Script()) as double:
        hand = Hand(double)
        _, tokens = hand.exchange(hand.code())
        getattr(double.issuing, then)()
        assert hand.asks(tokens["access_token"]) == asked
        said = hand.renew(tokens["refresh_token"])
        assert (said if said[0] != 200 else 200) == renewed


def test_a_revoked_token_ends_with_all_of_its_consent() -> None:
    with served(Script()) as double:
        hand = Hand(double)
        _, tokens = hand.exchange(hand.code())
        httpx2.post(f"{hand.at}/revoke", data={"token": tokens["refresh_token"]})
        assert hand.asks(tokens["access_token"]) == 401
