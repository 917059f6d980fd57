from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.operations import ordering
from registry.core.documents.correcting import Correction
from registry.core.entries import needs
from registry.dependencies import links
from registry.dependencies.release import StillNeededError
from registry.errors import InvalidConfigError
from registry.imports import preview as import_preview
from registry.mcpjson import drift, image, rollback
from registry.models import Dependency, Role, Service
from registry.services import change as service_change
from registry.services import register as service_register
from tests.support.registering import NOW, Register, outcomes

pytestmark = pytest.mark.django_db


def entry(*needed: str, key: str = "dependsOn", **more: Any) -> dict[str, Any]:
    return {"url": "https://example.org/mcp", **({key: list(needed)} if needed else {}), **more}


def chain(register: Register) -> None:
    """trips needs weather and maps, weather needs maps."""
    register({"mcpServers": {"trips": entry("weather", "maps"), "weather": entry("maps"), "maps": entry()}})


def error_of(results: Any, name: str) -> str:
    return next(str(result.error or "") for result in results if result.name == name)


def test_names_of_the_same_document_are_known_in_any_order(register: Register) -> None:
    chain(register)
    assert links.edges() == {"trips": ["maps", "weather"], "weather": ["maps"]}
    assert links.needing(service_register.get("maps")) == ["trips", "weather"]
    assert links.of(service_register.get("trips")) == ["maps", "weather"]


@pytest.mark.parametrize("key", needs.SPELLINGS)
def test_every_spelling_is_understood_and_one_is_written(register: Register, key: str) -> None:
    register({"mcpServers": {"maps": entry(), "weather": entry("maps", "maps", key=key, x=1)}})
    stored = image.document()["mcpServers"]["weather"]
    assert list(stored) == ["url", "dependsOn", "x"]
    assert stored["dependsOn"] == ["maps"]
    assert outcomes(register({"mcpServers": {"weather": stored}})) == [("weather", "unchanged")]


def test_dependencies_that_are_no_list_belong_to_somebody_else(register: Register) -> None:
    register({"mcpServers": {"weather": entry(dependencies={"left-pad": "1.0"})}})
    assert image.document()["mcpServers"]["weather"]["dependencies"] == {"left-pad": "1.0"}
    assert links.edges() == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dependsOn": ["nowhere"]}, 'mcpServers.weather.dependsOn[0]: names "nowhere", which is not a serv'),
        ({"dependsOn": "maps"}, "mcpServers.weather.dependsOn: must be a list of texts"),
        ({"depends_on": [["maps"]]}, "mcpServers.weather.depends_on[0]: must be text"),
        ({"depends_on": [1]}, 'mcpServers.weather.depends_on[0]: names "1", which is not a service'),
        ({"dependsOn": [], "depends_on": []}, "mcpServers.weather: has both dependsOn and depends_on"),
        ({"dependsOn": ["weather"]}, "mcpServers.weather.dependsOn: makes a cycle: weather → weather"),
        ({"dependsOn": ["sk-live 1234567890"]}, "mcpServers.weather.dependsOn[0]: which is not a service"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    register: Register, given: dict[str, Any], said: str
) -> None:
    results = register({"mcpServers": {"weather": entry() | given, "maps": entry()}})
    assert error_of(results, "weather").startswith(said)
    assert error_of(results, "maps") == ""
    assert list(Service.objects.values_list("name", flat=True)) == ["maps"]


def test_a_cycle_is_named_and_spoils_only_its_own_entries(register: Register) -> None:
    results = register(
        {
            "mcpServers": {
                "weather": entry("maps"),
                "maps": entry("weather"),
                "trips": entry("maps"),
                "time": entry(),
            }
        }
    )
    assert "makes a cycle: weather → maps → weather. Take one of them out" in error_of(results, "weather")
    assert "makes a cycle: maps → weather → maps" in error_of(results, "maps")
    assert 'names "maps", whose own entry cannot be saved' in error_of(results, "trips")
    assert error_of(results, "time") == ""
    assert list(Service.objects.values_list("name", flat=True)) == ["time"]


def test_a_cycle_closed_by_a_change_leaves_the_others_alone(register: Register) -> None:
    chain(register)
    results = register({"mcpServers": {"maps": entry("trips"), "weather": entry("maps")}})
    assert "maps → trips → maps" in error_of(results, "maps")
    assert outcomes(results)[1] == ("weather", "unchanged")
    assert links.edges() == {"trips": ["maps", "weather"], "weather": ["maps"]}


def test_a_cycle_may_be_turned_round_in_one_document(register: Register) -> None:
    chain(register)
    results = register({"mcpServers": {"maps": entry("weather"), "weather": entry()}})
    assert outcomes(results) == [("maps", "updated"), ("weather", "updated")]
    assert links.edges() == {"trips": ["maps", "weather"], "maps": ["weather"]}


def test_what_needs_a_bad_entry_is_refused_with_it(register: Register) -> None:
    results = register({"mcpServers": {"maps": {"url": "ftp://x"}, "weather": entry("maps")}})
    assert 'names "maps", whose own entry cannot be saved' in error_of(results, "weather")


def test_a_bad_change_of_a_known_service_spoils_nobody_else(register: Register) -> None:
    chain(register)
    results = register({"mcpServers": {"maps": {"url": "ftp://x"}, "time": entry("maps")}})
    assert error_of(results, "time") == ""


def test_a_preview_counts_an_entry_that_only_asks_for_a_value(register: Register) -> None:
    document = {"mcpServers": {"maps": entry(headers={"X-Key": "${KEY}"}), "weather": entry("maps")}}
    rows = {row.name: row.outcome for row in import_preview.preview(document).rows}
    assert rows == {"maps": "asks", "weather": "added"}
    assert outcomes(register(document)) == [("maps", "invalid"), ("weather", "invalid")]
    done = register(document, values={"KEY": "k"})
    assert outcomes(done) == [("maps", "created"), ("weather", "created")]


def test_only_what_is_chosen_counts(register: Register) -> None:
    document = {"mcpServers": {"maps": entry(), "weather": entry("maps")}}
    results = register(document, only={"weather"})
    assert "maps" in error_of(results, "weather")


def test_a_name_that_the_import_corrects_is_followed(register: Register) -> None:
    document = {"mcpServers": {"my maps": entry(), "weather": entry("my maps")}}
    register(document, renames={"my maps": "my-maps"})
    assert links.edges() == {"weather": ["my-maps"]}
    assert image.document()["mcpServers"]["weather"]["dependsOn"] == ["my-maps"]


def test_what_is_needed_is_not_removed(register: Register) -> None:
    chain(register)
    with pytest.raises(StillNeededError, match="trips, weather depend on maps") as caught:
        service_register.remove("maps", by="ann", now=NOW)
    assert caught.value.needed_by == ["trips", "weather"]
    assert Service.objects.listed().filter(name="maps").exists()


def test_by_force_it_is_taken_out_of_the_entries_too(register: Register) -> None:
    chain(register)
    service_register.remove("maps", by="ann", now=NOW, force=True)
    assert links.edges() == {"trips": ["weather"]}
    servers = image.document()["mcpServers"]
    assert servers["trips"]["dependsOn"] == ["weather"]
    assert "dependsOn" not in servers["weather"]


def test_a_removed_service_needs_nothing_any_more(register: Register) -> None:
    chain(register)
    service_register.remove("trips", by="ann", now=NOW)
    service_register.remove("weather", by="ann", now=NOW)
    service_register.remove("maps", by="ann", now=NOW)


def test_rollback_brings_dependencies_back(register: Register) -> None:
    chain(register)
    image.export_pending(author="ann", now=NOW)
    service_register.remove("maps", by="ann", now=NOW, force=True)
    image.export_pending(author="ann", now=NOW)
    results = rollback.rollback(1, by="ann", now=NOW)
    assert [result.error for result in results] == [None, None, None]
    assert links.edges() == {"trips": ["maps", "weather"], "weather": ["maps"]}


def test_rollback_takes_away_what_came_later(register: Register) -> None:
    register({"mcpServers": {"maps": entry()}})
    image.export_pending(author="ann", now=NOW)
    register({"mcpServers": {"weather": entry(), "maps": entry("weather")}})
    image.export_pending(author="ann", now=NOW)
    rollback.rollback(1, by="ann", now=NOW)
    assert links.edges() == {}
    assert list(Service.objects.listed().values_list("name", flat=True)) == ["maps"]


def edited(change: Any) -> str:
    servers = json.loads(image.text_of(image.document()))["mcpServers"]
    change(servers)
    image._path().write_text(json.dumps({"mcpServers": servers}))
    found = drift.current(Role.ADMIN)
    assert found is not None
    return found.sha


def test_an_edited_file_carries_dependencies_and_removes_in_order(register: Register) -> None:
    chain(register)
    image.export_pending(author="ann", now=NOW)

    def change(servers: dict[str, Any]) -> None:
        del servers["maps"], servers["weather"]
        servers["trips"]["depends_on"] = servers["trips"].pop("dependsOn")[:0]

    results = drift.take(edited(change), by="ann", role=Role.ADMIN, now=NOW, values={})
    assert [str(result.error) for result in results if result.error] == []
    assert list(Service.objects.listed().values_list("name", flat=True)) == ["trips"]


def test_an_edited_file_cannot_leave_out_what_is_needed(register: Register) -> None:
    chain(register)
    image.export_pending(author="ann", now=NOW)
    sha = edited(lambda servers: servers.pop("maps"))
    results = drift.take(sha, by="ann", role=Role.ADMIN, now=NOW, values={})
    assert "trips, weather still" in error_of(results, "maps")
    assert service_register.get("maps")
    assert image.edited() is not None


def test_a_patch_sets_and_takes_back(register: Register) -> None:
    chain(register)

    def change(value: Any) -> str:
        return service_change.change("maps", {"depends_on": value}, by="ann", role=Role.OPERATOR, now=NOW)

    register({"mcpServers": {"time": entry()}})
    assert change(["time"]) == "updated"
    assert links.edges()["maps"] == ["time"]
    assert change(["time"]) == "unchanged"
    with pytest.raises(InvalidConfigError, match="maps → weather → maps"):
        change(["weather"])
    assert change(None) == "updated"
    assert "maps" not in links.edges()


def test_a_dependency_restarts_nothing(register: Register) -> None:
    register({"mcpServers": {"maps": entry(), "weather": entry()}})
    before = service_register.get("weather").revision
    register({"mcpServers": {"weather": entry("maps")}})
    assert service_register.get("weather").revision == before


def test_without_dependencies_registering_asks_nothing_about_them(register: Register) -> None:
    chain(register)
    with CaptureQueriesContext(connection) as asked:
        register({"mcpServers": {"time": entry()}})
    assert [query["sql"] for query in asked if "registry_dependency" in query["sql"]] == []


def test_ten_thousand_entries_in_pairs_of_cycles_are_refused_soon(register: Register) -> None:
    document = {f"s{n}": entry(f"s{n ^ 1}") for n in range(10_000)}
    results = register({"mcpServers": document})
    assert all(result.error for result in results)
    assert not Service.objects.exists()
    assert not Dependency.objects.exists()


def test_the_order_of_starts_and_stops(register: Register) -> None:
    chain(register)
    everyone = ["maps", "trips", "weather"]
    assert ordering.plan(everyone, "start") == [["maps"], ["weather"], ["trips"]]
    assert ordering.plan(everyone, "stop") == [["trips"], ["weather"], ["maps"]]
    assert ordering.along(["maps"], "stop") == ["trips", "weather"]
    assert ordering.along(["trips"], "start") == []
    service_register.set_desired(service_register.get("maps").pk, "stopped", by="ann", now=NOW)
    assert ordering.along(["trips"], "start") == ["maps"]


def test_a_large_document_is_saved_in_parts_with_dependencies_first(register: Register) -> None:
    document = {f"s{n}": entry(f"s{n + 1}") if n < 1199 else entry() for n in range(1200)}
    results = register({"mcpServers": document})
    assert outcomes(results) == [(f"s{n}", "created") for n in range(1200)]
    assert links.edges()["s0"] == ["s1"]
    assert Dependency.objects.count() == 1199


def test_a_cycle_across_parts_is_told_as_in_one(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_register, "PART", 2)
    document = {
        "a": {**entry(), "depends_on": ["d"]},
        "b": entry(),
        "c": entry("a"),
        "d": entry("e"),
        "e": entry("a"),
        "f": {"command": "x", "url": "https://x.example/"},
        "g": entry("f"),
    }
    results = register({"mcpServers": document})
    assert [name for name, outcome in outcomes(results) if outcome == "created"] == ["b"]
    assert error_of(results, "a") == (
        "mcpServers.a.depends_on: makes a cycle: a → d → e → a. Take one of them out"
    )
    assert error_of(results, "e").startswith("mcpServers.e.dependsOn: makes a cycle: e → a → d → e")
    said = 'mcpServers.c.dependsOn[0]: names "a", whose own entry cannot be saved. Correct a first'
    assert error_of(results, "c").startswith(said)
    assert 'names "f", whose own entry cannot be saved' in error_of(results, "g")


def test_a_preview_of_a_part_knows_the_rest_of_the_document(register: Register) -> None:
    document = {"mcpServers": {"maps": entry(), "weather": entry("maps")}}
    (row,) = import_preview.preview(document, at={1}).rows
    assert (row.name, row.outcome) == ("weather", "added")


def test_a_name_corrected_in_place_is_followed(register: Register) -> None:
    document = {"mcpServers": {"my maps": entry(), "weather": entry("my maps")}}
    register(document, corrections={0: Correction(name="atlas")})
    assert links.edges() == {"weather": ["atlas"]}
