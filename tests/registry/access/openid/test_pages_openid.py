"""Signing in by OpenID Connect: groups, roles, tokens that prove nothing, and who stays out."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from requests.exceptions import TooManyRedirects

from registry.access.openid import reaching
from registry.access.people import operations as people
from registry.access.roles import role_of
from registry.core.openid import OpenId
from registry.errors import InvalidConfigError, NotPossibleError
from registry.models import AuditEntry, Role
from tests.doubles.openid import CLIENT, SECRET, OpenIdDouble, openid_double
from tests.support.factors import add_app, code_of, is_in, person, sign_in
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
ROLES = (("boss", "admin"), ("ops", "operator"), ("all", "viewer"))


@pytest.fixture
def provider(settings: Any) -> Iterator[OpenIdDouble]:
    with openid_double() as double:
        settings.OIDC = OpenId(url=double.url, client_id=CLIENT, secret=SECRET, roles=ROLES)
        yield double


def begin(client: Client, after: str = "/") -> str:
    """To the provider and to its answer: the address that it sends back to."""
    there = client.get("/login/openid/", {"next": after})
    assert there.status_code == 302, text_of(there)
    answer = httpx2.get(there["Location"], follow_redirects=False, trust_env=False, timeout=10)
    return str(answer.headers["Location"])


def back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def come(client: Client, after: str = "/") -> Any:
    return back(client, begin(client, after))


def why() -> str:
    row = AuditEntry.objects.filter(action="sign-in refused").first()
    return row.detail if row else ""


def test_the_groups_there_are_the_role_here(provider: OpenIdDouble) -> None:
    client = Client()
    assert "Sign in with 127.0.0.1:" in text_of(client.get("/login/"))
    assert come(client, "/services/")["Location"] == "/services/"
    ada = User.objects.get()
    assert (ada.username, ada.email, role_of(ada)) == ("ada", "ada@corp.example", Role.OPERATOR)
    assert is_in(client) and not ada.has_usable_password()
    asked = provider.asked
    assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code" and asked["nonce"]
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    rows = AuditEntry.objects.order_by("id").values_list("actor", "action", "target", "detail")
    assert list(rows) == [
        ("sign-in", "person came by OpenID Connect", "ada", "operator"),
        ("ada", "signed in", "console", "from 127.0.0.1, by OpenID Connect"),
    ]
    page = text_of(client.get("/account/"))
    assert "127.0.0.1" in page and 'href="/password/"' not in page


def test_other_groups_are_another_role_at_the_next_sign_in(provider: OpenIdDouble) -> None:
    come(Client())
    for groups, role in ((["all", "boss"], Role.ADMIN), ("all", Role.VIEWER)):
        provider.person["groups"] = groups
        come(Client())
        assert role_of(User.objects.get()) == role
    assert [row.target for row in AuditEntry.objects.filter(action="role changed")] == ["ada", "ada"]
    assert SocialAccount.objects.count() == User.objects.count() == 1


def test_without_a_group_of_ours_nobody_comes_in_and_who_was_in_is_out(provider: OpenIdDouble) -> None:
    provider.person["groups"] = ["others"]
    answer = come(Client())
    assert answer.status_code == 403 and "None of your groups at the provider has a role here" in text_of(
        answer
    )
    assert not User.objects.exists()
    provider.person["groups"] = ["ops"]
    come(mine := Client())
    assert is_in(mine)
    del provider.person["groups"]
    assert come(other := Client()).status_code == 403
    assert not is_in(other) and not is_in(mine)


def test_who_lost_the_groups_is_told_so_in_the_browser_in_which_they_were(provider: OpenIdDouble) -> None:
    come(mine := Client())
    provider.person["groups"] = []
    answer = come(mine)
    assert answer.status_code == 403 and "None of your groups" in text_of(answer)
    assert not is_in(mine)


def test_who_is_deactivated_stays_out(provider: OpenIdDouble) -> None:
    come(client := Client())
    people.set_active("ada", False, by="root", now=timezone.now())
    provider.person["groups"] = ["boss"]
    answer = come(client)
    assert answer.status_code == 403 and "deactivated" in text_of(answer)
    assert not is_in(client) and role_of(User.objects.get()) == Role.OPERATOR


def test_a_name_that_is_somebodys_here_is_not_taken_over(provider: OpenIdDouble) -> None:
    person("Ada")
    answer = come(client := Client())
    assert answer.status_code == 403 and "You cannot use the name ada here: it is taken" in text_of(answer)
    assert not is_in(client) and not SocialAccount.objects.exists()
    for name in ("sign-in", "command line", "a\0b", "x" * 200):
        provider.person["preferred_username"] = name
        assert come(Client()).status_code == 403


def now_is(ahead: int) -> int:
    return int(time.time()) + ahead


def tampered(double: OpenIdDouble, claims: dict[str, Any]) -> str:
    head, _body, signature = double.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims, "groups": ["boss"]}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.example"}, "it is of another issuer"),
        ({"aud": "another"}, "it is for another program (audience)"),
        ({"aud": ["console", "another"]}, "it is for another program (azp)"),
        ({"azp": "another"}, "it is for another program (azp)"),
        ({"exp": now_is(-120)}, "it has expired"),
        ({"iat": now_is(36000)}, "it is of the future"),
        ({"nonce": "of-another-try"}, "it is of another sign-in (nonce)"),
        ({"nonce": None}, "it is of another sign-in (nonce)"),
        ({"exp": None}, "it cannot be read"),
        ({"sub": None}, "it cannot be read"),
    ],
)
def test_a_token_that_is_not_for_this_proves_nothing(
    provider: OpenIdDouble, claims: dict[str, Any], said: str
) -> None:
    provider.claims = claims
    answer = come(client := Client())
    assert answer.status_code == 403 and "answer could not be used" in text_of(answer)
    assert said in why()
    assert not is_in(client) and not User.objects.exists()


def test_a_token_with_a_wrong_signature_proves_nothing(provider: OpenIdDouble) -> None:
    public, named = json.dumps({"any": "key"}), {"kid": "k1"}
    spoiled = {
        "its signature is wrong": lambda claims: provider.signed(claims, provider.stranger),
        "signature is wrong": lambda claims: tampered(provider, claims),
        "in a way that is not accepted": lambda claims: jwt.encode(claims, "", "none", headers=named),
        "is not accepted": lambda claims: jwt.encode(claims, public * 3, "HS256", headers=named),
        "a key that the provider does not publish": lambda claims: jwt.encode(
            claims, provider.key, "RS256", headers={"kid": "k2"}
        ),
        "cannot be read": lambda claims: "no token",
    }
    for said, sign in spoiled.items():
        provider.sign = sign
        assert come(client := Client()).status_code == 403
        assert said in why() and not is_in(client)
    assert not User.objects.exists()


def test_a_code_is_for_the_browser_that_asked_and_counts_once(provider: OpenIdDouble) -> None:
    address = begin(Client())
    assert back(thief := Client(), address).status_code == 403 and not is_in(thief)
    mine = Client()
    first = begin(mine)
    assert back(mine, first).status_code == 302
    mine.post("/logout/")
    assert back(mine, first).status_code == 403 and not is_in(mine)


def test_the_session_before_is_not_the_one_that_is_signed_in(provider: OpenIdDouble) -> None:
    client = Client()
    address = begin(client)
    planted = client.session.session_key
    assert client.session.get_expiry_age() == 900
    back(client, address)
    assert client.session.get_expiry_age() > 900
    assert is_in(client) and client.session.session_key != planted
    stranger = Client()
    stranger.cookies["sessionid"] = str(planted)
    assert not is_in(stranger)


def test_what_a_provider_should_not_say_is_a_page_and_a_row(provider: OpenIdDouble) -> None:
    provider.says_no = "access_denied"
    assert "You cancelled the sign-in" in text_of(come(Client()))
    provider.says_no = "server_error"
    assert "does not let you in" in text_of(come(Client())) and "server_error" in why()
    provider.says_no = ""
    provider.sign = lambda claims: ""
    assert come(Client()).status_code == 403
    for about in ({"issuer": "https://other.example"}, {"authorization_endpoint": None}):
        provider.discovery = about
        assert Client().get("/login/openid/").status_code in (302, 403)
    provider.discovery = {"jwks_uri": None}
    assert come(Client()).status_code == 403
    assert not User.objects.exists()


def test_where_the_provider_is_away_the_page_says_so(settings: Any) -> None:
    settings.OIDC = OpenId(url="http://127.0.0.1:9", client_id=CLIENT, secret=SECRET, roles=ROLES)
    answer = Client().get("/login/openid/")
    assert answer.status_code == 403 and "could not be used" in text_of(answer) and SECRET not in why()


def test_groups_may_come_from_userinfo_of_the_same_person_alone(provider: OpenIdDouble) -> None:
    provider.claims = {"groups": None}
    assert come(Client()).status_code == 302
    provider.userinfo = {"sub": "0002", "groups": ["boss"]}
    assert come(Client()).status_code == 403 and "someone else" in why()
    assert role_of(User.objects.get()) == Role.OPERATOR


def test_a_second_factor_of_ours_is_asked_for_too(provider: OpenIdDouble, data_dir: Any) -> None:
    come(mine := Client())
    secret, _codes = add_app(mine)
    assert come(other := Client(), "/services/")["Location"] == "/login/second/"
    assert not is_in(other)
    assert other.post("/login/second/", {"code": code_of(secret)})["Location"] == "/services/"
    assert is_in(other)


def test_where_only_the_provider_lets_in_passwords_do_not(provider: OpenIdDouble, settings: Any) -> None:
    ada = person("root")
    settings.OIDC = OpenId(url=provider.url, client_id=CLIENT, secret=SECRET, roles=ROLES, only=True)
    page = text_of(Client().get("/login/"))
    assert 'name="password"' not in page and "Sign in with" in page
    assert sign_in(client := Client(), "root").status_code == 403 and not is_in(client)
    assert Client().get("/login/passkey/").status_code == 403
    with pytest.raises(InvalidConfigError, match="passwords are disabled"):
        people.invite("bob", Role.VIEWER, by="x", now=timezone.now())
    link = people.sign_in_link("root", by="command line", now=timezone.now())
    path = link[link.index("/welcome/") :]
    assert "signs you in as <b>root</b>" in text_of(client.get(path))
    assert client.post(path)["Location"] == "/" and is_in(client)
    assert Client().post(path).status_code == 404
    assert ada.password == User.objects.get(pk=ada.pk).password
    row = AuditEntry.objects.filter(action="signed in").first()
    assert row and row.detail == "from 127.0.0.1, by a link of the command line"


def test_who_comes_by_the_provider_gets_no_password_link(provider: OpenIdDouble) -> None:
    come(Client())
    with pytest.raises(NotPossibleError, match="has no password here"):
        people.reset("ada", by="root", now=timezone.now())


def test_the_last_admin_may_be_one_whom_the_provider_lets_in(provider: OpenIdDouble) -> None:
    provider.person["groups"] = ["boss"]
    come(Client())
    User.objects.create_superuser("root", password="x")
    people.set_active("root", False, by="ada", now=timezone.now())
    with pytest.raises(NotPossibleError, match="last admin"):
        people.set_active("ada", False, by="ada", now=timezone.now())


def test_addresses_that_the_provider_names_obey_the_rules(provider: OpenIdDouble, settings: Any) -> None:
    provider.discovery = {"jwks_uri": "http://169.254.169.254/keys"}
    assert come(Client()).status_code == 403 and "link-local or metadata" in why()
    settings.EGRESS_STRICT, settings.EGRESS_ALLOW = True, ()
    provider.discovery = {"jwks_uri": provider.url.replace("127.0.0.1", "127.0.0.2") + "/keys"}
    assert come(Client()).status_code == 403 and "loopback or private" in why()
    provider.discovery = {}
    assert come(Client()).status_code == 302, "the issuer itself is the operator's choice"


def test_nobody_is_sent_elsewhere(provider: OpenIdDouble) -> None:
    with reaching.Session() as session, pytest.raises(TooManyRedirects):
        session.get(f"{provider.url}/authorize?redirect_uri=http://127.0.0.1:9&state=x")


def test_without_the_settings_there_is_no_such_address() -> None:
    assert Client().get("/login/openid/").status_code == 404
    assert Client().get("/login/openid/back/?code=x&state=y").status_code == 404
    assert "Sign in with" not in text_of(Client().get("/login/"))
