"""Which redirects are followed, and what is said of the others."""

from __future__ import annotations

import pytest

from lifecycle.core.answers.redirects import following, refusal

HERE = "http://mcp.example:8000/mcp"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/mcp/", "http://mcp.example:8000/mcp/"),
        ("http://mcp.example:8000/mcp/", "http://mcp.example:8000/mcp/"),
        ("HTTP://MCP.example:8000/v2?tenant=7#x", "http://mcp.example:8000/v2?tenant=7"),
        ("https://mcp.example:8000/mcp/", None),
        ("http://mcp.example/mcp/", None),
        ("http://other.example:8000/mcp/", None),
        ("//other.example/mcp/", None),
        ("http://me:pw@mcp.example:8000/mcp/", None),
        ("http://[broken", None),
        ("http://mcp.example:99999999/", None),
        ("", None),
    ],
)
def test_a_redirect_is_followed_within_its_origin_alone(location: str, target: str | None) -> None:
    assert following("POST", HERE, 307, location) == target


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_drop_the_message_is_not_followed(status: int) -> None:
    assert following("POST", HERE, status, "/mcp/") is None
    assert following("GET", HERE, status, "/mcp/") == HERE + "/"


def test_the_usual_port_is_the_same_origin_as_none() -> None:
    assert following("POST", "https://a.example/x", 308, "https://a.example:443/x/") == "https://a.example/x/"


def test_a_refused_redirect_names_its_address_without_what_it_hides() -> None:
    said = refusal(HERE, 307, "https://me:pw@other.example/mcp?token=1#top")
    assert "https://other.example/mcp, another origin" in said
    assert not any(hidden in said for hidden in ("pw", "token", "top"))


def test_a_redirect_out_of_encryption_is_told_with_the_address_that_is_meant() -> None:
    said = refusal("https://mcp.example/mcp", 307, "http://mcp.example/mcp/")
    assert "try https://mcp.example/mcp/ as its address" in said


def test_redirects_without_end_are_the_servers_own_fault() -> None:
    assert "without end" in refusal(HERE, 307, "/mcp")
    assert "set that address" in refusal(HERE, 302, "/mcp/")
    assert "without a usable address" in refusal(HERE, 307, "http://[")


@pytest.mark.parametrize(
    "location", ["/login?next=/mcp", "/users/sign_in", "https://id.example/oauth2/authorize?x=1", "/SSO"]
)
def test_a_sign_in_page_is_not_offered_as_the_address_of_the_server(location: str) -> None:
    said = refusal(HERE, 302, location)
    assert "looks like a sign-in page" in said and "set that address" not in said


def test_a_path_that_only_begins_like_one_of_a_sign_in_page_is_an_address() -> None:
    assert "set that address" in refusal(HERE, 302, "/authors/mcp")
