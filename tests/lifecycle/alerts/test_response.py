"""A rule that acts by itself: once, within limits, never against a person, and it says what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.alerts.actions import response
from lifecycle.alerts.episodes import evaluate, operations
from lifecycle.alerts.silences import operations as silences
from lifecycle.alerts.windows import operations as windows
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Command, Delivery, Episode, MassFailure
from registry.models import AuditEntry, Service
from tests.support.fleet import Fleet, at, make_rule, sent

pytestmark = pytest.mark.django_db


class Line:
    """A service whose rule acts, and what its messages say."""

    def __init__(self, fleet: Fleet, channel: Channel, **fields: Any) -> None:
        evaluate.forget()
        self.fleet, self.service = fleet, fleet.service()
        make_rule(channel, **{"response": "restart", "cooldown_seconds": 0, **fields})

    def fails(self, second: float = 0) -> str:
        """What the message says that was done."""
        self.fleet.move(self.service, S.RECONNECTING, at(second))
        return str(Delivery.objects.latest("pk").payload["data"]["response"])

    def finish(self, second: float, state: str = "done", error: str = "") -> None:
        Command.objects.filter(finished_at=None).update(state=state, finished_at=at(second), error=error)

    def recovers(self, second: float) -> None:
        self.fleet.move(self.service, S.HEALTHY, at(second), event="connected")


@pytest.fixture
def line(fleet: Fleet, log_channel: Channel) -> Line:
    return Line(fleet, log_channel)


def test_it_restarts_once_says_so_and_leaves_a_row(line: Line) -> None:
    assert line.fails() == "The console restarts it, as the rule says"
    command = Command.objects.get()
    assert (command.kind, command.requested_by) == ("restart", "rule “Service down”")
    entry = AuditEntry.objects.get(action="restart")
    assert (entry.actor, entry.target) == ("rule “Service down”", "weather")
    evaluate.sweep(at(30))
    line.fleet.move(line.service, S.UNREACHABLE, at(31))
    assert Command.objects.count() == 1


def test_the_end_says_that_it_helped(line: Line) -> None:
    line.fails()
    line.fleet.move(line.service, S.DISCONNECTED, at(1), event="closed")
    line.finish(2)
    line.recovers(2)
    assert sent() == ["firing", "resolved"]
    said = Delivery.objects.get(kind="resolved").payload["data"]
    assert said["message"] == "weather serves again after 2 s: restarted by rule “Service down”"
    evaluate.sweep(at(100))
    assert sent() == ["firing", "resolved"]


def test_where_it_did_not_help_people_are_told_once(line: Line) -> None:
    line.fails()
    Delivery.objects.update(state="delivered", delivered_at=at(1))
    line.finish(5)
    evaluate.sweep(at(64))
    assert sent() == ["firing"]
    for second in (65, 70, 900):
        evaluate.sweep(at(second))
    assert sent() == ["firing", "reminder"]
    said = Delivery.objects.get(kind="reminder").payload["data"]
    assert said["message"].startswith("Restarted automatically, which did not help: weather is RECONNECTING")
    assert said["response"] == "Restarted automatically, which did not help"


def test_a_command_that_failed_says_why(line: Line) -> None:
    line.fails()
    Delivery.objects.update(state="delivered", delivered_at=at(1))
    line.finish(5, "failed", "the worker was stopped")
    evaluate.sweep(at(65))
    said = Delivery.objects.get(kind="reminder").payload["data"]
    assert said["response"] == "Not restarted: the worker was stopped"


def test_what_somebody_has_taken_on_gets_no_such_message(line: Line) -> None:
    line.fails()
    Delivery.objects.update(state="delivered", delivered_at=at(1))
    line.finish(5)
    operations.acknowledge(Episode.objects.get().pk, by="ann", now=at(6))
    evaluate.sweep(at(65))
    assert sent() == ["firing"]
    assert "did not help" in Episode.objects.get().response


def test_after_three_times_within_an_hour_it_says_that_it_did_not_help(line: Line) -> None:
    said = []
    for second in range(0, 3000, 700):
        said.append(line.fails(second))
        line.finish(second + 1)
        line.recovers(second + 2)
    assert said[:3] == ["The console restarts it, as the rule says"] * 3
    assert said[3] == (
        "Not restarted automatically: it was done 3 times within the last hour, and did not help"
    )
    assert Command.objects.count() == 3


def test_it_keeps_to_the_restarts_that_the_policy_allows(line: Line) -> None:
    from lifecycle.policies import operations as policies
    from registry.models import Role

    policies.change_service("weather", {"max_restarts": 0}, by="ann", role=Role.ADMIN, now=at(-1))
    assert "policy allows 0 restarts" in line.fails()
    assert not Command.objects.exists()


@pytest.mark.parametrize("of", ["silence", "window"])
def test_what_is_quiet_is_left_alone_and_says_so_on_the_alert(line: Line, of: str) -> None:
    if of == "silence":
        silences.add({"starts_at": at(-5), "ends_at": at(500)}, by="ann", now=at(-5))
    else:
        values = {"name": "patch day", "start": at(-60), "minutes": 10, "rule": "", "zone": "UTC"}
        windows.save(None, values, by="ann", now=at(-60))
        evaluate.sweep(at(-50))
    line.fleet.move(line.service, S.RECONNECTING, at(0))
    assert not Command.objects.exists() and sent() == []
    assert "silenced or in maintenance" in Episode.objects.get().response


def test_it_does_nothing_while_a_person_does_something(line: Line) -> None:
    line.fleet.ask(line.service, "reconnect", at(-1))
    assert line.fails() == "Not restarted automatically: “reconnect” by ann is under way"
    assert Command.objects.count() == 1


def test_what_a_person_stopped_is_never_started(line: Line) -> None:
    """The worker may be late: what is wanted is asked of the database."""
    line.fails()
    Command.objects.all().delete()
    Service.objects.update(desired="stopped")
    response.respond([Episode.objects.select_related("rule", "service").get()], at(1))
    assert not Command.objects.exists() and Service.objects.get().desired == "stopped"


def test_when_many_fail_at_once_nothing_is_restarted(line: Line) -> None:
    MassFailure.objects.create(began_at=at(0), failing=30, total=40)
    assert line.fails() == "Not restarted automatically: many services fail at once"


def test_a_storm_is_no_storm_of_restarts(fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel, response="reconnect")
    for number in range(25):
        fleet.move(fleet.service(f"s{number}"), S.RECONNECTING, at(0))
    assert Command.objects.count() == 20


def test_a_rule_may_stop_and_the_end_says_who_did(fleet: Fleet, log_channel: Channel) -> None:
    line = Line(fleet, log_channel, response="stop")
    assert line.fails() == "The console stops it, as the rule says"
    assert Service.objects.get().desired == "stopped"
    evaluate.sweep(at(5))
    said = Delivery.objects.get(kind="resolved").payload["data"]["message"]
    assert said.startswith("weather was stopped by rule “Service down”")
