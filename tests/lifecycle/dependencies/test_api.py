"""The dependencies over REST."""

from __future__ import annotations

from lifecycle.models import ServiceState
from registry.models import Dependency, Service
from tests.support.api import Api, MakeService


def tie(name: str, *others: str) -> None:
    service = Service.objects.get(name=name)
    for other in others:
        Dependency.objects.create(service=service, depends_on=Service.objects.get(name=other))


def shop(registered_service: MakeService) -> None:
    for name in ("api", "database", "web", "alone"):
        registered_service(name, state="HEALTHY")
    tie("api", "database")
    tie("web", "api", "database")
    ServiceState.objects.filter(service__name="api").update(state="RECONNECTING", held_by="database")


def test_a_service_tells_what_it_needs_who_needs_it_and_for_whom_it_waits(
    api_viewer: Api, registered_service: MakeService
) -> None:
    shop(registered_service)
    one = api_viewer.get("services/api").json()
    assert (one["depends_on"], one["needed_by"], one["waits_for"]) == (["database"], ["web"], ["database"])
    alone = api_viewer.get("services/alone").json()
    assert (alone["depends_on"], alone["needed_by"], alone["waits_for"]) == ([], [], [])


def test_the_whole_graph_with_its_waves(api_viewer: Api, registered_service: MakeService) -> None:
    shop(registered_service)
    found = api_viewer.get("dependencies").json()
    assert found == {
        "nodes": [
            {"name": "api", "state": "RECONNECTING", "waits_for": ["database"]},
            {"name": "database", "state": "HEALTHY", "waits_for": []},
            {"name": "web", "state": "HEALTHY", "waits_for": []},
        ],
        "edges": [
            {"service": "api", "depends_on": "database"},
            {"service": "web", "depends_on": "api"},
            {"service": "web", "depends_on": "database"},
        ],
        "waves": [["database"], ["api"], ["web"]],
    }


def test_without_dependencies_it_is_empty(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service("alone", state="HEALTHY")
    assert api_viewer.get("dependencies").json() == {"nodes": [], "edges": [], "waves": []}


def test_it_is_read_by_whoever_has_a_token_and_by_nobody_else(api_nobody: Api, api_viewer: Api) -> None:
    assert api_nobody.get("dependencies").status_code == 401
    assert api_viewer.post("dependencies").status_code == 405


def test_a_start_names_what_it_needs_and_is_stopped_and_a_stop_who_needs_it(
    api_operator: Api, registered_service: MakeService
) -> None:
    shop(registered_service)
    Service.objects.filter(name="database").update(desired="stopped")
    assert api_operator.post("services/web/start").json()["stopped_dependencies"] == ["database"]
    assert api_operator.post("services/api/stop").json()["running_dependents"] == ["web"]
    assert api_operator.post("services/alone/stop").json().keys() == {"command_id"}
    assert api_operator.post("services/web/check").json().keys() == {"command_id"}
