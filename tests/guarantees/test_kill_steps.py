"""`kill -9` of the worker at every named step of what it does: before or after, never between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lifecycle.alerts.senders.kinds import KINDS
from tests.guarantees import evidence, figures
from tests.guarantees.channels import NATIVE, Channels
from tests.guarantees.figures import LONG
from tests.guarantees.stage import Rows, Stage
from tests.guarantees.steps import STEPS
from tests.support.receivers import SmtpReceiver, WebhookReceiver

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
        "a provider has the message",
        "the mail server has the message",
        "the answer is written, not committed",
    }
)


@pytest.fixture
def stage(tmp_path: Path, webhook_receiver: WebhookReceiver, smtp_receiver: SmtpReceiver) -> Iterator[Stage]:
    with Stage(tmp_path, uuid4().hex, webhook_receiver, smtp_receiver) as stage:
        yield stage


def test_every_named_step_is_a_place_in_the_product() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)
    assert {step.name for step in STEPS} >= SHORT
    for step in STEPS:
        assert callable(getattr(step.place()[0], step.place()[1]))


def test_every_native_kind_of_channel_takes_part() -> None:
    assert set(NATIVE) == {key for key, kind in KINDS.items() if kind.alerts} - {"apprise"}


def test_a_kill_at_any_step_tears_nothing_leaves_nothing_and_loses_no_alert(stage: Stage) -> None:
    steps = [step for step in STEPS if LONG or step.name in SHORT]
    kills = [(step, n) for step in steps for n in range(1, 1 + (1 if step.once else PASSAGES))]
    for step, n in kills:
        stage.die_at(step, n)
        stage.check(f"{step.name} ({n})")
    stage.finish()
    delivered(stage.channels)
    figures.note(2, "kills at a named step", len(kills))
    figures.note(2, "named steps", len({step.name for step, _ in kills}))
    figures.note(6, "longest wait until nothing was left of a killed worker", stage.longest, "s")


def delivered(channels: Channels) -> None:
    """Each message that an episode caused has come to its channel, none other has, and none after its end."""
    caused = again = 0
    superseded = evidence.superseded_ids(Rows())
    for kind, arrived in channels.arrived().items():
        expected = evidence.expected_ids(Rows(), kind)
        assert expected and expected <= set(arrived) <= expected | superseded, kind
        assert evidence.after_the_end(Rows(), kind, arrived) == []
        caused, again = caused + len(expected), again + len(arrived) - len(set(arrived))
    assert channels.logged() >= len(evidence.expected_ids(Rows(), "console"))
    orders = evidence.order(channels.hook).values()
    assert {kinds[0] for kinds in orders} == {"firing"} and all(len(kinds) <= 2 for kinds in orders)
    figures.note(3, "kinds of channels, with a receiver each", len(NATIVE))
    figures.note(3, "alert messages caused, each delivered", caused)
    figures.note(3, "of them delivered again, with the same id", again)
    figures.note(3, "of them delivered after their end", 0)
