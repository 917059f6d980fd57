"""The settings of OpenID Connect, and which role the groups give."""

from __future__ import annotations

import pytest

from registry.core.openid import BadOpenIdError, OpenId, claim_in, groups_in, read

GOOD = ("https://id.example.org/realms/main", "console", "secret", "boss=admin, ops=operator,a=b=viewer")


def of(*changes: tuple[int, str], only: bool = False) -> OpenId | None:
    given = list(GOOD)
    for at, value in changes:
        given[at] = value
    return read(*given, only=only)


def test_four_settings_make_a_provider() -> None:
    found = of()
    assert found is not None
    assert (found.url, found.host, found.only) == (GOOD[0], "id.example.org", False)
    assert found.roles == (("boss", "admin"), ("ops", "operator"), ("a=b", "viewer"))
    assert "secret" not in repr(found)
    for written in (f"{GOOD[0]}/", f"{GOOD[0]}/.well-known/openid-configuration"):
        again = of((0, written))
        assert again is not None and again.url == GOOD[0]
    assert read("", "", "", "", only=False) is None


def test_the_highest_role_of_the_groups_counts_and_none_is_none() -> None:
    found = of()
    assert found is not None
    assert [found.role_of(groups) for groups in (["a=b", "ops"], ["ops", "boss", "x"], ["x"], [])] == [
        "operator",
        "admin",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("at", "value", "name", "said"),
    [
        (0, "", "URL", "is missing"),
        (1, " ", "CLIENT_ID", "is missing"),
        (2, "", "CLIENT_SECRET", "is missing"),
        (3, "", "ROLES", "is missing"),
        (0, "id.example.org", "URL", "is not an address"),
        (0, "https://[::1", "URL", "is not an address"),
        (0, "https://u:p@id.example.org", "URL", "is not an address"),
        (0, "http://id.example.org", "URL", "is not https"),
        (3, "boss", "ROLES", "'boss', which is no group=role"),
        (3, "boss=root", "ROLES", "'boss=root', which is no group=role"),
        (3, "=admin", "ROLES", "'=admin', which is no group=role"),
    ],
)
def test_what_cannot_be_used_says_which_setting_and_why(at: int, value: str, name: str, said: str) -> None:
    with pytest.raises(BadOpenIdError) as caught:
        of((at, value))
    assert (caught.value.name, said in caught.value.problem) == (name, True)
    assert caught.value.remedy


def test_nobody_is_shut_out_by_one_setting_alone() -> None:
    with pytest.raises(BadOpenIdError, match="locks everyone out"):
        read("", "", "", "", only=True)


def test_groups_are_texts_whatever_the_claim_holds() -> None:
    assert groups_in({"groups": ["a", 1, None, "b"]}) == ["a", "b"]
    assert groups_in({"groups": "a"}) == ["a"]
    for nonsense in (None, 1, {"a": 1}, {}):
        assert groups_in({"groups": nonsense}) == []
    assert groups_in({}) == []


@pytest.mark.parametrize(
    ("claims", "name", "found"),
    [
        ({"groups": ["a"]}, "groups", ["a"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
        ({"https://corp.example/groups": ["a"]}, "https://corp.example/groups", ["a"]),
        ({"a.b": ["whole"], "a": {"b": ["nested"]}}, "a.b", ["whole"]),
        ({"resource_access": {"my.client": {"roles": "a"}}}, "resource_access.my.client.roles", ["a"]),
        ({"a": {"c": 1}, "a.b": {"c": ["a"]}}, "a.b.c", ["a"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access", []),
        ({"realm_access": ["roles"]}, "realm_access.roles", []),
        ({"groups": ["a"]}, "roles", []),
    ],
)
def test_the_groups_are_where_the_setting_says(
    claims: dict[str, object], name: str, found: list[str]
) -> None:
    assert groups_in(claims, name) == found


def test_the_claim_of_the_groups_is_a_setting_of_its_own() -> None:
    given = [read(*GOOD, name, only=False) for name in ("realm_access.roles", " ", "groups")]
    assert [one and one.groups_claim for one in given] == ["realm_access.roles", "groups", "groups"]
    assert claim_in(None, "groups") is None
