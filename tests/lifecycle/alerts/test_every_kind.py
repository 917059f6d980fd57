"""Whoever adds a kind of channel or a condition is told of each place that it misses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.forms import ChannelForm
from lifecycle.alerts.channels.kind import GROUPS, Group
from lifecycle.alerts.episodes.subjects import follow
from lifecycle.alerts.outbox.content import payloads
from lifecycle.alerts.outbox.content.story import USUAL, WORDS
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.presenter import MORE, url_of, who_of
from lifecycle.alerts.rules import measures
from lifecycle.alerts.rules.forms import CONDITIONS, RuleForm
from lifecycle.alerts.rules.presenter import BESIDE_WORDS, rule_row
from lifecycle.alerts.senders.kinds import KINDS, all_senders
from lifecycle.core.alerting import evaluate, grouping, subjects
from lifecycle.models import AlertRule, Channel, Episode
from tests.support.fleet import make_rule
from tests.support.posting import Post

ROOT = Path(__file__).parents[3]
ALL_CONDITIONS = [condition.value for condition in AlertRule.Condition]


def test_every_kind_of_channel_has_a_name_a_place_a_sender_and_help() -> None:
    longest = Channel._meta.get_field("kind").max_length
    for key, kind in KINDS.items():
        assert kind.key == key and len(key) <= (longest or 0)
        assert str(kind.word) and str(kind.help) and kind.group in GROUPS
        helpless = [
            field.name for field in kind.fields if field.secret and not (field.help or field.placeholder)
        ]
        assert not helpless, f"{key}: say where one gets {helpless}"
    assert set(all_senders()) == set(KINDS)
    assert {kind.key for kind in KINDS.values() if kind.group is Group.ON_CALL} == grouping.ALONE


class Holding(Post):
    """A sender that holds something open."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_whatever_a_sender_holds_open_is_closed() -> None:
    first, second = Holding(), Holding()
    await Deliverer({"email": first, "webhook": second, "console": Post()}).aclose()
    assert first.closed and second.closed


@pytest.mark.django_db
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_channel_can_be_added_with_all_its_settings(admin: Client, kind: str) -> None:
    add = reverse("channel_add", args=[kind])
    listed = admin.get(reverse("channel_kinds")).content.decode()
    assert re.search(rf'href="{add}"><b>{re.escape(str(KINDS[kind].word))}<', listed)
    page = admin.get(add).content.decode()
    assert [name for name in ChannelForm(KINDS[kind]).fields if f'name="{name}"' not in page] == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_channel_is_kept_and_summed_up(kind: str) -> None:
    fields = KINDS[kind].fields
    values = {field.name: field.default or f"{field.name}-value-{n}" for n, field in enumerate(fields)}
    config = Config(secret=channel_config.new_secret()).having(values)
    assert channel_config.unseal(channel_config.seal(config)) == config
    assert {name: config.value(name) for name in values} == values
    summary, known = KINDS[kind].summary(config), KINDS[kind].known_values(config)
    assert summary
    for field in fields:
        assert not field.secret or (values[field.name] in known and values[field.name] not in summary)


def test_every_condition_is_decided_offered_and_worded() -> None:
    assert {condition.value for condition in evaluate.Condition} == set(ALL_CONDITIONS)
    assert {value for value, _words in CONDITIONS} == set(USUAL) == set(ALL_CONDITIONS)


def test_every_condition_that_is_measured_is_looked_at_and_has_a_word_for_the_state() -> None:
    assert set(evaluate.MEASURED) == set(measures.MEASURED) | set(follow.LOOKS)
    assert set(WORDS) == set(evaluate.MEASURED) | {"mass-failure"}
    assert (
        set(BESIDE_WORDS) | {"mass-failure"} == set(subjects.BESIDE) <= set(follow.LOOKS) | {"mass-failure"}
    )


@pytest.mark.parametrize("kind", list(subjects.Kind))
def test_every_kind_of_subject_has_words_and_a_page(kind: subjects.Kind) -> None:
    subject = subjects.Subject(kind=kind, name="" if kind is subjects.Kind.FLEET else "some-name")
    assert who_of(subject) == subject.words
    assert subject.words.endswith("Many services" if kind is subjects.Kind.FLEET else "some-name")
    assert payloads.url_of(subject).endswith(url_of(subject))
    assert MORE[kind] and (Episode._meta.get_field("subject_kind").max_length or 0) >= len(kind)


@pytest.mark.parametrize("condition", ALL_CONDITIONS)
def test_the_form_shows_each_condition_only_its_own_fields(condition: str) -> None:
    css = (ROOT / "static" / "css" / "rules" / "rules.css").read_text(encoding="utf-8")
    assert f'[name="condition"][value="{condition}"]:checked' in css


@pytest.mark.django_db
def test_the_form_of_a_rule_has_all_its_fields(admin: Client, log_channel: Channel) -> None:
    page = admin.get(reverse("rule_add")).content.decode()
    assert [name for name in RuleForm().fields if f'name="{name}"' not in page] == []


@pytest.mark.django_db
def test_every_condition_has_words_of_its_own_on_the_list() -> None:
    rules = [make_rule(name=name, condition=name) for name in ALL_CONDITIONS]
    assert len({rule_row(rule).condition for rule in rules}) == len(ALL_CONDITIONS)
    with pytest.raises(ValueError, match="full-moon"):
        rule_row(make_rule(name="x", condition="full-moon"))
