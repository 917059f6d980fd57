"""What counts as delivered: each provider's own yes, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.http import Outbound
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import Sender, SendingError
from tests.doubles.provider import Provider, Reply
from tests.support.letters import MESSAGE, letter
from tests.support.provider_answers import NEVER, NO_PROOF, SPOKEN, Spoken

ALL = list(SPOKEN)


def config(spoken: Spoken, provider: Provider) -> Config:
    return Config().having({**spoken.settings, "url": spoken.at.format(provider.url)})


async def answered(sender: Sender, provider: Provider, spoken: Spoken, reply: Reply) -> str | SendingError:
    provider.replies = [reply]
    try:
        return str(await sender(letter(config(spoken, provider))))
    except SendingError as exc:
        return exc


def test_every_kind_that_speaks_http_is_tried() -> None:
    assert set(ALL) == set(KINDS) - {"email", "console", "apprise"}


@pytest.mark.parametrize("kind", ALL)
async def test_only_a_providers_own_yes_is_delivered(
    kind: str, provider: Provider, outbound: Outbound, impatient: Outbound
) -> None:
    spoken, sender, hasty = SPOKEN[kind], KINDS[kind].sender(outbound), KINDS[kind].sender(impatient)
    for reply in spoken.yes:
        said = await answered(sender, provider, spoken, reply)
        assert isinstance(said, str) and said.startswith(str(reply.status)), (reply, said)
    nos = [*spoken.no, *spoken.gone, *(reply for reply, _ in spoken.slow), *NEVER]
    for reply in [*nos, *([] if spoken.any_2xx else NO_PROOF)]:
        said = await answered(hasty if reply.hang else sender, provider, spoken, reply)
        assert isinstance(said, SendingError), f"a false delivered of {kind}: {reply} gave {said}"
        if not (reply.hang or reply.cut):
            assert said.answer.startswith(str(reply.status)), (reply, said.answer)
        assert said.gone == (reply in spoken.gone), reply


@pytest.mark.parametrize("kind", ALL)
async def test_a_repetition_carries_the_same_id(kind: str, provider: Provider, outbound: Outbound) -> None:
    spoken, sender = SPOKEN[kind], KINDS[kind].sender(outbound)
    for _attempt in range(2):
        await answered(sender, provider, spoken, spoken.yes[0])
    ids = [request.headers["webhook-id"] for request in provider.requests]
    assert len(ids) >= 2 and set(ids) == {f"msg_{MESSAGE.hex}"}


@pytest.mark.parametrize("kind", ALL)
async def test_its_words_stand_in_the_delivery_and_nothing_is_sent_elsewhere(
    kind: str, provider: Provider, outbound: Outbound
) -> None:
    spoken, sender = SPOKEN[kind], KINDS[kind].sender(outbound)
    for reply in spoken.no:
        said = await answered(sender, provider, spoken, reply)
        words = reply.data.decode()
        assert isinstance(said, SendingError) and words[:60] in said.answer
    redirected = await answered(sender, provider, spoken, NEVER[0])
    assert isinstance(redirected, SendingError) and "Redirects are not followed" in redirected.answer
    assert not [request for request in provider.requests if request.path == "/elsewhere"]


@pytest.mark.parametrize("kind", ALL)
async def test_the_wait_that_a_provider_asks_for_is_kept(
    kind: str, provider: Provider, outbound: Outbound
) -> None:
    spoken, sender = SPOKEN[kind], KINDS[kind].sender(outbound)
    for reply, wait in spoken.slow:
        said = await answered(sender, provider, spoken, reply)
        assert isinstance(said, SendingError) and said.retry_after is not None, reply
        assert said.retry_after.total_seconds() == wait


@pytest.mark.parametrize("kind", ALL)
async def test_no_secret_is_left_in_what_is_shown_of_an_answer(
    kind: str, provider: Provider, outbound: Outbound
) -> None:
    """A provider may repeat the address, the headers and the body that it was sent."""
    from registry.secrets import masking

    spoken, sender = SPOKEN[kind], KINDS[kind].sender(outbound)
    used = config(spoken, provider)
    await answered(sender, provider, spoken, spoken.yes[0])
    request = provider.requests[-1]
    repeated = f"{request.path} {request.headers} {request.body.decode()[-120:]}"
    said = await answered(sender, provider, spoken, Reply(500, repeated))
    assert isinstance(said, SendingError)
    shown = masking.mask(said.answer, KINDS[kind].known_values(used))
    assert "500" in shown and "secret-to" not in shown and "signing-secret" not in shown
    assert "secret-to" not in KINDS[kind].summary(used)


async def test_one_that_cannot_be_reached_is_told(outbound: Outbound, provider: Provider) -> None:
    sender = KINDS["slack"].sender(outbound)
    for url in ("http://127.0.0.1:1/x", "http://no-such-host.invalid/x", "http://[/"):
        with pytest.raises(SendingError, match="no answer"):
            await sender(letter(Config(url=url)))


async def test_what_a_name_leads_to_is_guarded_for_every_kind(provider: Provider, outbound: Outbound) -> None:
    from django.conf import settings

    settings.EGRESS_ALLOW = ()
    for kind, spoken in SPOKEN.items():
        sender = KINDS[kind].sender(outbound)
        there = config(spoken, provider)
        for used in (there, dataclasses.replace(there, url=there.url.replace("127.0.0.1", "localhost"))):
            with pytest.raises(SendingError, match=r"not sent: .*MCPSTORE_EGRESS_ALLOW"):
                await sender(letter(used))
    assert provider.requests == []
