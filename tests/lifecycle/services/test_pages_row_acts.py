"""Acts from the list of services: one menu for all rows, and what is asked before others are left behind."""

from __future__ import annotations

import pytest
from django.test import Client

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from registry.models import Dependency, Desired, Role
from tests.support.pages import HTMX, make_service, signed_in, text_of

pytestmark = pytest.mark.django_db
IN_LIST = {**HTMX, "HX-Target": "bulk-ask"}


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(Role.OPERATOR)


def test_all_rows_share_one_menu_and_weigh_no_more_for_it(operator: Client, viewer: Client) -> None:
    for name in ("alpha", "beta"):
        make_service(name)
    page = text_of(operator.get("/services/"))
    assert page.count('id="row-menu"') == 1 and "row-acts" not in page
    assert 'data-label="Actions for {}"' in page
    assert "row-menu" not in text_of(viewer.get("/services/"))


@pytest.mark.parametrize("kind", ["check", "reconnect", "stop"])
def test_what_is_asked_from_a_row_is_said_as_a_message(operator: Client, kind: str) -> None:
    make_service("beta")
    answer = operator.post(f"/services/beta/ask/{kind}/", headers=IN_LIST)
    assert answer["HX-Retarget"] == "#messages" and "beta: Requested" in text_of(answer)
    assert Command.objects.get().kind == kind


def test_a_stop_that_others_would_feel_is_asked_first_and_a_check_is_not(operator: Client) -> None:
    needed, user = make_service("beta"), make_service("user")
    Dependency.objects.create(service=user, depends_on=needed)
    asked = text_of(operator.post("/services/beta/ask/stop/", headers=IN_LIST))
    assert "Stop beta?" in asked and "data-shows" in asked and 'hx-target="#bulk-ask"' in asked
    assert not Command.objects.exists()
    operator.post("/services/beta/ask/check/", headers=IN_LIST)
    operator.post("/services/beta/ask/stop/", {"alone": "1"}, headers=IN_LIST)
    assert list(Command.objects.order_by("pk").values_list("kind", flat=True)) == ["check", "stop"]


def test_a_start_names_the_stopped_ones_that_it_needs(operator: Client) -> None:
    needed = make_service("base", State.DISCONNECTED, desired=Desired.STOPPED)
    user = make_service("user", State.DISCONNECTED, desired=Desired.STOPPED)
    Dependency.objects.create(service=user, depends_on=needed)
    asked = text_of(operator.post("/services/user/ask/start/", headers=IN_LIST))
    assert "It depends on 1 stopped service: base." in asked and not Command.objects.exists()


def test_a_viewer_and_an_unknown_service_are_refused(operator: Client, viewer: Client) -> None:
    make_service("beta")
    assert viewer.post("/services/beta/ask/stop/", headers=IN_LIST).status_code == 403
    assert operator.post("/services/nobody/ask/stop/", headers=IN_LIST).status_code == 404
