"""The pages of people: invited, changed, seen out; the last admin stays; for admins alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.live.socket.access import signed_in as sockets_of
from registry.access import first_admin, tokens
from registry.access.people import operations
from registry.access.roles import role_of
from registry.models import ApiToken, AuditEntry, Membership, PasswordLink, Role
from tests.support.api import Api
from tests.support.commands import run
from tests.support.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
LIST, PASSWORD = "/settings/people/", "correct horse battery"
BOTH = {"new_password1": PASSWORD, "new_password2": PASSWORD}


def invite(admin: Client, name: str = "bob", role: str = "operator") -> str:
    page = text_of(admin.post(f"{LIST}invite/", {"name": name, "role": role}))
    found = re.search(r"http://[^/]+(/welcome/[\w-]+/)", page)
    assert found, page[:2000]
    return found[1]


def sign_in(name: str = "bob", password: str = PASSWORD) -> Client:
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko Firefox/140.0"})
    assert client.post("/login/", {"username": name, "password": password}).status_code == 302
    return client


def about(name: str) -> str:
    return f"{LIST}{User.objects.get(username=name).pk}/"


def known(client: Client) -> bool:
    return client.get("/services/").status_code == 200


def test_an_invitation_is_looked_at_often_and_used_once(admin: Client) -> None:
    link, guest = invite(admin), Client()
    for _ in range(2):
        page = text_of(guest.get(link))
        assert "bob" in page and "Operator" in page
    assert guest.post(link, {"new_password1": "a", "new_password2": "b"}).status_code == 422
    assert guest.post(link, BOTH)["Location"] == "/login/"
    assert known(sign_in())
    assert role_of(User.objects.get(username="bob")) is Role.OPERATOR
    again = guest.post(link, dict.fromkeys(BOTH, "another password"))
    assert again.status_code == 404 and "already used" in text_of(again)
    assert known(sign_in())


def test_an_invitation_ends_by_itself_and_by_another_one(admin: Client) -> None:
    first = invite(admin)
    PasswordLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(first).status_code == 404
    page = text_of(admin.post(f"{about('bob')}link/"))
    second = page[page.index("/welcome/") :].partition("<")[0]
    admin.post(f"{about('bob')}link/")
    assert Client().get(second).status_code == 404
    assert PasswordLink.objects.count() == 1
    assert Client().get("/welcome/x/").status_code == 404


def test_no_link_is_kept_or_shown_again(admin: Client) -> None:
    token = invite(admin).split("/")[2]
    pages = [text_of(admin.get(path)) for path in (LIST, about("bob"), "/settings/audit/")]
    kept = str([list(model.objects.values()) for model in (PasswordLink, AuditEntry, User)])
    assert token not in "".join(pages) + kept


@pytest.mark.parametrize("name", ["", "a b", "admin-1", "ADMIN-1", "worker", "x" * 151, "a\nb"])
def test_a_name_that_cannot_be_is_refused(admin: Client, name: str) -> None:
    answer = admin.post(f"{LIST}invite/", {"name": name, "role": "viewer"})
    assert answer.status_code == 422 and User.objects.count() == 1


def test_a_deactivated_person_is_out_of_everything(admin: Client) -> None:
    Client().post(invite(admin), BOTH)
    bob, person = sign_in(), User.objects.get(username="bob")
    api = Api(tokens.issue(person, Role.OPERATOR, timezone.now()))
    key = bob.session.session_key or ""
    assert known(bob) and api.get("services").status_code == 200 and key in sockets_of([key])
    assert "Firefox on Linux" in text_of(admin.get(about("bob")))
    admin.post(f"{about('bob')}deactivate/")
    assert not known(bob) and api.get("services").status_code == 401 and not sockets_of([key])
    assert Client().post("/login/", {"username": "bob", "password": PASSWORD}).status_code == 200
    assert admin.post(f"{about('bob')}link/").status_code == 302 and not PasswordLink.objects.exists()
    admin.post(f"{about('bob')}activate/")
    assert known(sign_in()) and not known(bob)
    assert api.get("services").status_code == 401  # revoked for good


def test_another_role_counts_at_once_for_tokens_too(admin: Client) -> None:
    Client().post(invite(admin, role="admin"), BOTH)
    bob = sign_in()
    api = Api(tokens.issue(User.objects.get(username="bob"), Role.ADMIN, timezone.now()))
    assert bob.get(LIST).status_code == 200
    admin.post(f"{about('bob')}role/", {"role": "viewer"})
    assert bob.get(LIST).status_code == 403
    assert api.post("services", {"x": {"url": "https://x.example/"}}).status_code == 403
    row = AuditEntry.objects.get(action="role changed")
    assert '"admin"' in row.before and '"viewer"' in row.after


def test_a_link_to_a_new_password_ends_every_session(admin: Client) -> None:
    Client().post(invite(admin), BOTH)
    bob = sign_in()
    page = text_of(admin.post(f"{about('bob')}link/"))
    link = page[page.index("/welcome/") :].partition("<")[0]
    assert known(bob)
    Client().post(link, dict.fromkeys(BOTH, "another password 7"))
    assert not known(bob) and known(sign_in(password="another password 7"))


@pytest.mark.parametrize("what", ["remove/", "deactivate/", "role/"])
def test_the_last_admin_stays(admin: Client, what: str) -> None:
    me = User.objects.get(username="admin-1")
    invite(admin, "carla", "admin")  # has not set a password yet, so cannot help
    page = text_of(admin.post(f"{about('admin-1')}{what}", {"role": "viewer"}, follow=True))
    assert "is the last admin who can sign in" in page
    me.refresh_from_db()
    assert me.is_active and role_of(User.objects.get(pk=me.pk)) is Role.ADMIN
    User.objects.filter(username="carla").update(password="x$usable")
    admin.post(f"{about('admin-1')}{what}", {"role": "viewer"})
    left = User.objects.filter(username="admin-1").first()
    assert left is None or not left.is_active or role_of(left) is Role.VIEWER


def test_a_superuser_is_lowered_too(admin: Client) -> None:
    User.objects.create_superuser("root")
    User.objects.create_superuser("other", password=PASSWORD)
    admin.post(f"{about('root')}role/", {"role": "viewer"})
    assert role_of(User.objects.get(username="root")) is Role.VIEWER


def test_who_is_removed_is_gone_and_stays_in_the_log(admin: Client) -> None:
    Client().post(invite(admin), BOTH)
    bob, person = sign_in(), User.objects.get(username="bob")
    tokens.issue(person, Role.VIEWER, timezone.now())
    admin.post(f"{about('bob')}remove/")
    assert not known(bob) and not ApiToken.objects.exists() and not Membership.objects.filter(user=person.pk)
    assert AuditEntry.objects.filter(actor="bob", action="password set").exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_do_not_get_there(admin: Client, role: Role) -> None:
    other = signed_in(role)
    before = User.objects.count(), PasswordLink.objects.count()
    for path in (LIST, f"{LIST}invite/", about("admin-1")):
        assert other.get(path).status_code == 403
    for what in ("role/", "link/", "sessions/", "deactivate/", "activate/", "remove/"):
        assert other.post(f"{about(f'{role.value}-1')}{what}", {"role": "admin"}).status_code == 403
    assert other.post(f"{LIST}invite/", {"name": "x", "role": "admin"}).status_code == 403
    assert before == (User.objects.count(), PasswordLink.objects.count())


def test_the_printed_password_is_to_be_replaced(settings: Any) -> None:
    from django.contrib.auth.hashers import make_password

    first_admin.make(make_password(PASSWORD))
    client = sign_in("admin")
    hint = "password that was printed"
    assert hint in text_of(client.get("/agents/")) and hint in text_of(client.get("/services/"))
    client.post(
        "/password/",
        {"old_password": PASSWORD, "new_password1": "other pass 7", "new_password2": "other pass 7"},
    )
    assert hint not in text_of(client.get("/agents/"))
    assert hint not in text_of(sign_in("admin", "other pass 7").get("/agents/"))


def test_the_commands_do_all_of_it(db: None, data_dir: Any) -> None:
    link = run("people", "invite", "bob", "--role", "admin", "--email", "b@example.org")[0].strip()
    Client().post(link[link.index("/welcome/") :], BOTH)
    sign_in()
    assert "bob   admin  active" in run("people", "list")[0]
    assert run("people", "sign-out", "bob")[0] == "1 sessions ended\n"
    with pytest.raises(Exception, match="last admin"):
        run("people", "role", "bob", "viewer")
    operations.invite("eve", Role.ADMIN, by="ann", now=timezone.now())
    User.objects.filter(username="eve").update(password="x$usable")
    assert run("people", "role", "bob", "viewer")[0] == "changed\n"
    assert "/welcome/" in run("people", "reset", "bob")[0]
    assert run("people", "deactivate", "bob")[0] == "deactivated\n"
    assert run("people", "activate", "bob")[0] == "activated\n"
    run("people", "remove", "bob")
    with pytest.raises(Exception, match="no person"):
        run("people", "role", "bob", "viewer")
