"""Addresses that may take part in a sign-in, and when and why tokens are renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.core.signin import about_us, addresses, renewal

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "yes"),
    [
        ("https://mcp.example.org", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0:8000", False),
        ("http://mcp.example.org", False),
        ("http://localhost.example.org", False),
    ],
)
def test_people_are_sent_back_by_https_or_to_this_machine(url: str, yes: bool) -> None:
    assert addresses.receives(url) is yes


@pytest.mark.parametrize(
    ("url", "resource", "yes"),
    [
        ("https://a.example/mcp", "https://a.example/mcp", True),
        ("https://a.example/mcp?key=x", "https://a.example", True),
        ("https://A.example/mcp/", "https://a.example/mcp", True),
        ("https://u:p@a.example/mcp", "https://a.example/mcp", True),
        ("https://a.example/mcp2", "https://a.example/mcp", False),
        ("https://a.example:444/mcp", "https://a.example/mcp", False),
        ("http://a.example/mcp", "https://a.example/mcp", False),
        ("https://a.example.evil/mcp", "https://a.example/mcp", False),
    ],
)
def test_a_token_goes_to_the_address_that_it_is_for(url: str, resource: str, yes: bool) -> None:
    assert addresses.is_within(url, resource) is yes


def test_nothing_secret_of_an_address_is_told() -> None:
    assert addresses.bare("https://u:p@a.example:8443/mcp?key=s3cret#x") == "https://a.example:8443/mcp"


@pytest.mark.parametrize(
    ("url", "service", "yes"),
    [
        ("https://login.example/token", "https://a.example/mcp", True),
        ("http://login.example/token", "https://a.example/mcp", False),
        ("http://a.example/token", "https://a.example/mcp", False),
        ("http://a.lan/token", "http://a.lan/mcp", True),
        ("http://b.lan/token", "http://a.lan/mcp", False),
        ("http://127.0.0.1/token", "https://a.example/mcp", True),
    ],
)
def test_secrets_travel_encrypted(url: str, service: str, yes: bool) -> None:
    assert addresses.is_protected(url, service) is yes


def test_what_is_asked_joins_a_query_that_is_there() -> None:
    assert addresses.with_query("https://a/x", {"b": "c d"}) == "https://a/x?b=c+d"
    assert addresses.with_query("https://a/x?t=1", {"b": "c"}) == "https://a/x?t=1&b=c"


def test_a_token_is_renewed_before_its_end_and_not_all_at_once() -> None:
    assert renewal.renew_at(NOON, None, 0.5) is None
    assert renewal.renew_at(NOON, 1000, 0.0) == NOON + timedelta(seconds=750)
    assert renewal.renew_at(NOON, 1000, 0.99) < NOON + timedelta(seconds=850)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("error", "cut", "cause"),
    [
        ("invalid_grant", False, Cause.CONSENT_GONE),
        ("invalid_grant", True, Cause.RENEWAL_CUT),
        ("invalid_client", False, Cause.CLIENT_UNKNOWN),
        ("unauthorized_client", True, Cause.CLIENT_UNKNOWN),
        ("temporarily_unavailable", False, Cause.ISSUER_AWAY),
        ("", False, Cause.ISSUER_AWAY),
    ],
)
def test_only_the_words_that_say_so_end_a_sign_in(error: str, cut: bool, cause: Cause) -> None:
    assert renewal.refusal(error, cut=cut) is cause
    assert (cause in renewal.ENDS) is (cause is not Cause.ISSUER_AWAY)


def test_the_document_is_known_by_its_own_address() -> None:
    told = about_us.document("https://mcp.example.org")
    assert told["client_id"] == "https://mcp.example.org/oauth/client.json"
    assert told["redirect_uris"] == ["https://mcp.example.org/oauth/callback"]
