"""People with second factors, and what they show of them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.contrib.auth.models import User
from django.test import Client

from registry.secrets import vault
from tests.doubles.passkey import SecurityKey
from tests.support.pages import text_of

PASSWORD = "correct horse battery"


def person(name: str = "ada") -> User:
    return User.objects.create_user(name, password=PASSWORD)


def sign_in(client: Client, name: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/login/", {"username": name, "password": password, **more}, secure=True)


def code_of(secret: str, ahead: int = 0) -> str:
    """The six digits of this half minute, or of one after it."""
    counters = list(auth.yield_hotp_counters_from_time())
    return auth.format_hotp_value(auth.hotp_value(secret, counters[len(counters) // 2] + ahead))


def shown_secret(client: Client) -> str:
    """What the page gives to a new app."""
    page = text_of(client.get("/account/app/", secure=True))
    found = re.search(r'<code class="secret"[^>]*>([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].replace(" ", "")


def add_app(client: Client) -> tuple[str, list[str]]:
    """Set up an app as the page asks for it: its secret, and the recovery codes if they are new."""
    secret = shown_secret(client)
    answer = client.post("/account/app/", {"code": code_of(secret, -1)}, secure=True)
    return secret, codes_in(text_of(answer)) if answer.status_code == 200 else []


def codes_in(page: str) -> list[str]:
    return re.findall(r'<code class="secret">(\d{5} \d{5})</code>', html.unescape(page))


def add_passkey(client: Client, key: SecurityKey | None = None, **more: str) -> SecurityKey:
    key = key or SecurityKey()
    asked = client.get("/account/passkeys/add/?options=1", secure=True).json()
    said = json.dumps(key.made(asked))
    answer = client.post("/account/passkeys/add/", {"credential": said, **more}, secure=True)
    assert answer.status_code in (200, 302), answer.content
    return key


def show_passkey(client: Client, key: SecurityKey, path: str = "/login/passkey/", **more: str) -> Any:
    asked = client.get(f"{path}?options=1", secure=True).json()
    return client.post(path, {"credential": json.dumps(key.signed(asked)), **more}, secure=True)


def is_in(client: Client) -> bool:
    return client.get("/account/", secure=True).status_code == 200


# What each page changes, for the walk of all changes.


def entered(world: Any) -> Client:
    """The admin's browser, signed in a moment ago."""
    world.with_password()
    world.page.logout()
    sign_in(world.page, "admin-1")
    page: Client = world.page
    return page


def _app(world: Any) -> Any:
    page = entered(world)
    return page.post("/account/app/", {"code": code_of(shown_secret(page))}, secure=True)


def _with_app(path: str) -> Any:
    return lambda world: (add_app(entered(world)), world.page.post(path, secure=True))[1]


def _passkey(world: Any) -> Any:
    asked = entered(world).get("/account/passkeys/add/?options=1", secure=True).json()
    said = json.dumps(SecurityKey().made(asked))
    return world.page.post("/account/passkeys/add/", {"credential": said}, secure=True)


def _passkey_removed(world: Any) -> Any:
    _passkey(world)
    pk = Authenticator.objects.get(type="webauthn").pk
    return world.page.post(f"/account/passkeys/{pk}/remove/", secure=True)


def _second(world: Any) -> Any:
    secret, _codes = add_app(entered(world))
    sign_in(other := Client(), "admin-1")
    return other.post("/login/second/", {"code": code_of(secret)}, secure=True)


def _of_bob(world: Any) -> Any:
    world.about_bob("role/", role="operator")
    bob = User.objects.get(username="bob")
    Authenticator.objects.create(user=bob, type="totp", data={"secret": vault.seal("x")})
    return world.about_bob("factors/")


PAGES: dict[str, Callable[[Any], Any]] = {
    "account_app": _app,
    "account_app_remove": _with_app("/account/app/remove/"),
    "account_codes": _with_app("/account/codes/"),
    "account_passkey_add": _passkey,
    "account_passkey_remove": _passkey_removed,
    "account_confirm": lambda w: entered(w).post("/account/confirm/", {"password": PASSWORD}),
    "signin_second": _second,
    "signin_passkey": lambda w: show_passkey(Client(), add_passkey(entered(w))),
    "people_factors": _of_bob,
}
