"""`kill -9` of the worker at every named step of what it does: before or after, never between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.guarantees import evidence, figures
from tests.guarantees.figures import LONG
from tests.guarantees.stage import SECRET, Rows, Stage
from tests.guarantees.steps import STEPS
from tests.support.receivers import WebhookReceiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800 if LONG else 300)]
PASSAGES = 4 if LONG else 1
SHORT = frozenset(
    {
        "a new service's row is not committed",
        "the state is written, its history not",
        "the episode is written, no message",
        "committed, and nobody knows",
        "nothing of a fall is written",
        "a fall is written, not committed",
        "a fall is committed",
        "nothing of a rise is written",
        "a rise is committed",
        "the supervisor knows no command",
        "the server runs",
        "the connection is not recorded",
        "the stop is recorded, nothing closed",
        "the supervisor has its order",
        "the owners are gone",
        "the message is claimed",
        "the message is sent",
        "the answer is written, not committed",
    }
)


@pytest.fixture
def stage(tmp_path: Path, webhook_receiver: WebhookReceiver) -> Iterator[Stage]:
    with Stage(tmp_path, uuid4().hex, webhook_receiver.url) as stage:
        yield stage


def test_every_named_step_is_a_place_in_the_product() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)
    assert {step.name for step in STEPS} >= SHORT
    for step in STEPS:
        assert callable(getattr(step.place()[0], step.place()[1]))


def test_a_kill_at_any_step_tears_nothing_leaves_nothing_and_loses_no_alert(
    stage: Stage, webhook_receiver: WebhookReceiver
) -> None:
    steps = [step for step in STEPS if LONG or step.name in SHORT]
    kills = [(step, n) for step in steps for n in range(1, 1 + (1 if step.once else PASSAGES))]
    for step, n in kills:
        stage.die_at(step, n)
        stage.check(f"{step.name} ({n})")
    stage.finish()
    delivered(webhook_receiver)
    figures.note(2, "kills at a named step", len(kills))
    figures.note(2, "named steps", len({step.name for step, _ in kills}))
    figures.note(6, "longest wait until nothing was left of a killed worker", stage.longest, "s")


def delivered(receiver: WebhookReceiver) -> None:
    """Each message that an episode caused has come, none other has, and no end before its beginning."""
    receiver.verified(SECRET)
    expected = evidence.expected_ids(Rows(), "webhook")
    arrived = evidence.webhook_ids(receiver)
    assert expected and expected <= set(arrived) <= expected | evidence.superseded_ids(Rows())
    assert {kinds[0] for kinds in evidence.order(receiver).values()} == {"firing"}
    assert all(len(kinds) <= 2 for kinds in evidence.order(receiver).values())
    figures.note(3, "alert messages caused, each delivered", len(expected))
    figures.note(3, "of them delivered again, with the same id", len(arrived) - len(expected))
