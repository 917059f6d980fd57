"""The pages of the policies."""

from __future__ import annotations

import pytest
from django.test import Client

from lifecycle.core.policy.policy import PROFILES
from lifecycle.core.policy.tuning import SETTINGS
from lifecycle.policies import operations as policy_operations
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db(transaction=True)
NORMAL = "/settings/policies/normal/"


def test_signed_out_is_sent_to_sign_in() -> None:
    for address in ("/settings/policies/", NORMAL, "/services/weather/policy/"):
        assert Client().get(address).headers["Location"].startswith("/login/?next=")


def test_everybody_sees_the_profiles_and_only_an_admin_may_change_them(
    viewer: Client, operator: Client, admin: Client
) -> None:
    for client in (viewer, operator):
        page = text_of(client.get("/settings/policies/"))
        assert "Check interval" in page
        assert "Edit normal" not in page
        assert client.post(NORMAL, {"ping_timeout": "3"}).status_code == 403
        assert client.post(f"{NORMAL}reset/").status_code == 403
    assert "Edit normal" in text_of(admin.get("/settings/policies/"))


def test_a_profile_that_there_is_not(admin: Client) -> None:
    assert admin.get("/settings/policies/none/").status_code == 404
    assert admin.post("/settings/policies/none/reset/").status_code == 404


def form_of(client: Client, address: str) -> dict[str, str]:
    """What a browser would send if nothing was typed."""
    form = client.get(address).context["form"]
    values = {field.name: field.value() for field in form}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def test_saving_the_form_as_it_is_changes_nothing(admin: Client) -> None:
    assert admin.post(NORMAL, form_of(admin, NORMAL)).headers["Location"] == "/settings/policies/"
    assert policy_operations.changes_of("normal") == {}
    critical = "/settings/policies/critical/"
    admin.post(critical, form_of(admin, critical))
    assert policy_operations.profile("critical") == PROFILES["critical"]


@pytest.mark.parametrize(
    ("address", "begins"), [(NORMAL, "Default: "), ("/services/weather/policy/", "Profile: ")]
)
def test_each_input_points_at_what_an_empty_one_means(admin: Client, address: str, begins: str) -> None:
    make_service()
    answer = admin.get(address)
    page = text_of(answer)
    for field in answer.context["form"]:
        assert field.help_text.startswith(begins)
        assert f'aria-describedby="{field.auto_id}_helptext"' in str(field)
        assert f'id="{field.auto_id}_helptext"><span>{field.help_text}' in page


def test_a_changed_setting_is_saved_marked_and_reset(admin: Client) -> None:
    given = form_of(admin, NORMAL) | {"ping_timeout": "4.5", "adaptive": "on", "give_up_after": "3600"}
    answer = admin.post(NORMAL, given, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/settings/policies/"
    assert policy_operations.changes_of("normal") == {
        "ping_timeout": 4.5,
        "adaptive": True,
        "give_up_after": 3600,
    }
    page = text_of(admin.get("/settings/policies/"))
    assert "<b>4.5 s</b>" in page
    assert "<b>3,600 s (1 h)</b>" in page
    admin.post(f"{NORMAL}reset/")
    assert policy_operations.changes_of("normal") == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ping_timeout", "0", "0 is out of range. Write 0.1 to 300 s (5 min)"),
        ("ping_timeout", "fast", "Enter a number"),
        ("base_delay", "900", "900 is larger than “Max backoff when unreachable” (600)"),
    ],
)
def test_an_error_stands_beside_its_field(admin: Client, name: str, value: str, said: str) -> None:
    answer = admin.post(NORMAL, form_of(admin, NORMAL) | {name: value})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert list(answer.context["form"].errors) == [name]
    fragment = admin.post(NORMAL, {name: value}, headers=HTMX)
    assert (fragment.status_code, "<html" in text_of(fragment)) == (422, False)
    assert policy_operations.changes_of("normal") == {}


def test_a_service_has_settings_of_its_own_and_shows_where_each_comes_from(
    operator: Client, admin: Client
) -> None:
    service = make_service(profile="critical")
    address = "/services/weather/policy/"
    given = form_of(operator, address)
    assert set(given) == set(SETTINGS) and not any(given.values())
    operator.post(address, given | {"ping_timeout": "1.5", "adaptive": "on"})
    assert policy_operations.own(service) == {"ping_timeout": 1.5, "adaptive": True}
    page = text_of(operator.get("/services/weather/"))
    assert "2 settings overridden" in page
    assert "<b>1.5 s</b> <small>set for this service</small>" in page
    operator.post(address, given)
    assert policy_operations.own(service) == {}


def test_a_viewer_may_not_change_a_services_policy(viewer: Client) -> None:
    make_service()
    assert viewer.get("/services/weather/policy/").status_code == 403
    assert "All settings" in text_of(viewer.get("/services/weather/"))
