"""One order for many services: waves, windows, cancelling, retrying, and what comes between."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from lifecycle.models import Batch, Command, FeedItem
from lifecycle.operations import commands as operation_commands
from lifecycle.operations.bulk import again as bulk_again
from lifecycle.operations.bulk import operations as bulk_operations
from lifecycle.operations.bulk import progress as bulk_progress
from lifecycle.operations.bulk import waves
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import AuditEntry, Role, Service
from registry.services import register

pytestmark = pytest.mark.django_db


def services(count: int, desired: str = "running") -> list[str]:
    now = timezone.now()
    names = [f"svc-{n:05}" for n in range(count)]
    Service.objects.bulk_create(
        [
            Service(name=name, transport="sse", endpoint="x", desired=desired, created_at=now, updated_at=now)
            for name in names
        ]
    )
    return names


def begin(action: str, **more: object) -> Batch:
    given = {"by": "ann", "role": Role.OPERATOR, "now": timezone.now(), **more}
    return bulk_operations.begin(action, **given)  # type: ignore[arg-type]


def answer(state: str = "done", error: str = "", count: int | None = None) -> int:
    """What the engine would do: answer what is queued."""
    queued = list(Command.objects.filter(state="queued").values_list("pk", flat=True)[:count])
    return Command.objects.filter(pk__in=queued).update(state=state, error=error, finished_at=timezone.now())


def states(batch: Batch) -> dict[str, int]:
    counted = bulk_progress.progress(batch)
    return {
        key: n
        for key in ("planned", "running", "done", "failed", "cancelled")
        if (n := getattr(counted, key))
    }


def test_nothing_happens_in_the_request_whatever_the_number_of_services() -> None:
    services(2000)
    batch = begin("stop", filters={"q": "svc"})
    assert states(batch) == {"planned": 2000}
    assert not Service.objects.filter(desired="stopped").exists()
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.target) == ("bulk action", "stop of 2000 services")


def test_members_are_let_go_some_at_a_time_and_say_what_is_desired() -> None:
    services(450)
    batch = begin("stop", filters={})
    waves.advance(timezone.now())
    assert states(batch) == {"planned": 250, "running": 200}
    assert Service.objects.filter(desired="stopped").count() == 200
    waves.advance(timezone.now())
    assert states(batch) == {"planned": 250, "running": 200}
    answer(count=50)
    waves.advance(timezone.now())
    assert states(batch) == {"planned": 200, "running": 200, "done": 50}
    for _ in range(3):
        answer()
        waves.advance(timezone.now())
    batch.refresh_from_db()
    assert states(batch) == {"done": 450}
    assert batch.finished_at is not None
    assert waves.advance(timezone.now()) == 0


def test_a_wave_begins_when_all_of_the_one_before_have_ended_or_had_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = services(4, "stopped")
    monkeypatch.setattr(
        bulk_operations, "waves_of", lambda chosen, action: [chosen[:2], chosen[2:3], chosen[3:]]
    )
    now = timezone.now()
    batch = begin("start", names=names, now=now)

    def at(seconds: float) -> tuple[int, int]:
        waves.advance(now + timedelta(seconds=seconds))
        batch.refresh_from_db()
        return batch.wave, Service.objects.filter(desired="running").count()

    assert at(0) == (1, 2)
    answer(count=1)
    assert at(1) == (1, 2)
    answer("failed", "refused")
    assert at(2) == (2, 3)
    assert at(61) == (2, 3)
    assert at(63) == (3, 4)
    answer()
    assert at(64) == (3, 4)
    assert states(batch) == {"done": 3, "failed": 1}
    assert batch.finished_at is not None


def test_what_cannot_be_done_fails_with_its_reason_and_can_be_tried_again() -> None:
    first, second, third = services(3)
    batch = begin("check", names=[first, second, third])
    register.remove(first, by="ann", now=timezone.now())
    operation_commands.request("stop", second, by="bob", now=timezone.now())
    waves.advance(timezone.now())
    errors = dict(batch.members.values_list("service__name", "error"))
    assert errors == {first: waves.GONE, second: waves.OVERTAKEN, third: ""}
    answer("failed", "no answer")
    waves.advance(timezone.now())
    again = bulk_again.retry(batch.pk, by="ann", role=Role.OPERATOR, now=timezone.now())
    assert set(again.members.values_list("service__name", flat=True)) == {second, third}
    waves.advance(timezone.now())
    assert dict(again.members.values_list("service__name", "error"))[second] == (
        f"{second} is stopped; start it first"
    )


def test_cancelling_drops_what_has_not_begun_and_waits_for_the_rest() -> None:
    services(300)
    batch = begin("restart", filters={})
    waves.advance(timezone.now())
    bulk_operations.cancel(batch.pk, by="bob", now=timezone.now())
    assert states(batch) == {"running": 200, "cancelled": 100}
    answer()
    waves.advance(timezone.now())
    batch.refresh_from_db()
    assert (batch.cancelled_by, batch.finished_at is None) == ("bob", False)
    with pytest.raises(operation_commands.NotPossibleError):
        bulk_operations.cancel(batch.pk, by="bob", now=timezone.now())


def test_removing_many_takes_no_worker_command() -> None:
    services(3)
    batch = begin("remove", filters={})
    waves.advance(timezone.now())
    assert not Service.objects.listed().exists()
    row = AuditEntry.objects.get(action="bulk action", actor="ann", target="remove of 3 services")
    assert row.named.count() == 3 and not AuditEntry.objects.filter(action="service removed").exists()
    assert states(batch) == {"done": 3}
    assert not Command.objects.filter(state="queued").exists()


def test_the_pages_are_told_only_when_something_moved() -> None:
    services(3)
    begin("stop", filters={})

    def told() -> int:
        return FeedItem.objects.filter(kind="batch").count()

    waves.advance(timezone.now())
    before = told()
    waves.advance(timezone.now())
    assert told() == before
    answer(count=1)
    waves.advance(timezone.now())
    assert told() == before + 1


@pytest.mark.parametrize(
    ("action", "given", "where"),
    [
        ("explode", {"filters": {}}, "action"),
        ("call-tool", {"filters": {}}, "action"),
        ("stop", {"filters": {"color": "red"}}, "filter.color"),
        ("stop", {"filters": {"q": "nobody"}}, "filter"),
        ("stop", {"names": []}, "names"),
        ("stop", {"names": ["svc-00000", "none"]}, "names[1]"),
        ("stop", {}, "names"),
        ("stop", {"names": [], "filters": {}}, "names"),
    ],
)
def test_what_means_nothing_is_refused_with_its_place(
    action: str, given: dict[str, object], where: str
) -> None:
    services(1)
    with pytest.raises(InvalidConfigError) as caught:
        begin(action, **given)
    assert caught.value.where == where
    assert not Batch.objects.exists()


def test_a_viewer_may_not() -> None:
    services(1)
    with pytest.raises(NotAllowedError):
        begin("stop", filters={}, role=Role.VIEWER)


def test_a_filter_means_what_the_list_shows() -> None:
    services(3)
    now: datetime = timezone.now()
    Service.objects.filter(name="svc-00001").update(tags=["blue"], transport="stdio", updated_at=now)
    for filters in ({"tag": "blue"}, {"transport": "stdio"}, {"q": "00001"}):
        assert [name for _, name in bulk_operations.choose(filters=filters)] == ["svc-00001"]
    assert len(bulk_operations.choose(filters={"state": "INITIALIZING"})) == 3
    assert bulk_operations.choose(filters={"agent": "nobody"}) == []
