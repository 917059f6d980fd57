"""manage.py dependencies: the graph, changing it, and starting or stopping services together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import waves
from registry.dependencies import links
from registry.models import Desired, Service
from tests.support.commands import run
from tests.support.terminal import Make, rows


@pytest.fixture
def three(make: Make) -> None:
    """web needs api, api needs database; mail needs nobody."""
    for name, needs in (("database", ()), ("api", ("database",)), ("web", ("api",)), ("mail", ())):
        make(name, *needs)


def test_the_graph_comes_in_the_order_of_starting(three: None) -> None:
    assert [row[:4] for row in rows("dependencies", "show")] == [
        ["1", "database", "INITIALIZING", "-"],
        ["2", "api", "INITIALIZING", "database"],
        ["3", "web", "INITIALIZING", "api"],
    ]
    found = json.loads(run("dependencies", "show", "--json")[0])
    assert found["waves"] == [["database"], ["api"], ["web"]]
    assert [row[1] for row in rows("dependencies", "show", "mail")] == ["mail"]
    run("dependencies", "add", "mail", "database")
    assert [row[1] for row in rows("dependencies", "show", "api")] == ["database", "api", "web"]


def test_without_any_it_says_so(make: Make) -> None:
    make()
    assert run("dependencies", "show")[0] == "No service depends on another.\n"


def test_what_a_service_needs_is_set_added_and_dropped(three: None, data_dir: Path) -> None:
    assert run("dependencies", "set", "web", "database", "mail")[0] == "updated    web needs database, mail\n"
    assert run("dependencies", "drop", "web", "mail")[0] == "updated    web needs database\n"
    assert run("dependencies", "add", "web", "database", "api")[0].endswith("needs database, api\n")
    assert json.loads((data_dir / "mcp.json").read_text())["mcpServers"]["web"]["dependsOn"] == [
        "database",
        "api",
    ]
    assert run("dependencies", "set", "web", "--none")[0] == "updated    web needs nothing\n"
    assert links.edges() == {"api": ["database"]}
    for words in (("set", "web"), ("set", "web", "api", "--none")):
        with pytest.raises(CommandError, match="--none"):
            run("dependencies", *words)
    with pytest.raises(CommandError, match="does not depend on mail"):
        run("dependencies", "drop", "web", "mail")


def test_a_cycle_and_an_unknown_name_are_refused_by_name(three: None) -> None:
    with pytest.raises(CommandError, match="database → web → api → database"):
        run("dependencies", "add", "database", "web")
    with pytest.raises(CommandError, match='names "nobody", which is not a service'):
        run("dependencies", "set", "mail", "nobody")
    assert links.edges() == {"api": ["database"], "web": ["api"]}


def test_a_stop_takes_along_who_needs_it_and_a_start_what_it_needs(three: None) -> None:
    out = run("dependencies", "stop", "database", "--dry-run")[0]
    assert out.splitlines() == ["wave 1: web", "wave 2: api", "wave 3: database"]
    assert not Batch.objects.exists()
    run("dependencies", "stop", "database", "--force")
    batch = Batch.objects.get()
    assert (batch.action, batch.force, batch.total, batch.waves, batch.requested_by) == (
        "stop",
        True,
        3,
        3,
        "command line",
    )
    Service.objects.exclude(name="mail").update(desired=Desired.STOPPED)
    assert run("dependencies", "start", "api", "--dry-run")[0].splitlines() == [
        "wave 1: database",
        "wave 2: api",
    ]
    assert run("dependencies", "start", "api", "--alone", "--dry-run")[0] == "wave 1: api\n"
    assert len(run("dependencies", "start", "--all", "--dry-run")[0].splitlines()) == 3
    with pytest.raises(CommandError, match="Name services"):
        run("dependencies", "start")
    with pytest.raises(CommandError, match="Did you mean"):
        run("dependencies", "start", "apis")


@pytest.mark.parametrize(
    ("states", "code"), [(("done", "done"), 0), (("done", "failed"), 3), (("failed", "failed"), 1)]
)
def test_waiting_for_the_end_says_what_failed(
    three: None, monkeypatch: pytest.MonkeyPatch, states: tuple[str, str], code: int
) -> None:
    def work(*_: object) -> None:
        waves.advance(timezone.now())
        for order in Command.objects.filter(state="queued").select_related("service"):
            state = states[order.service.name == "web"]
            Command.objects.filter(pk=order.pk).update(
                state=state, error="no route" if state == "failed" else "", finished_at=timezone.now()
            )

    monkeypatch.setattr("lifecycle.live.feed.wake_up.Waker.pause", work)
    out, err = run("dependencies", "stop", "api", "--wait", "60", code=code)
    assert ("2 done" in out) == (code == 0)
    assert err.count("no route") == states.count("failed")


def test_waiting_without_a_worker_ends_with_a_question(three: None) -> None:
    with pytest.raises(CommandError, match=r"0 of 1 finished; the others continue[.] Is a worker running"):
        run("dependencies", "stop", "mail", "--wait", "0")
    assert Batch.objects.get().finished_at is None


def test_an_archived_service_is_not_started(three: None) -> None:
    Service.objects.filter(name="mail").update(archived_at=timezone.now())
    with pytest.raises(CommandError, match="is not a service"):
        run("dependencies", "start", "mail")
    assert not Batch.objects.exists()
