"""Deliver the outbox: at least once, each channel on its own, from within the worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connections
from django.utils import timezone

from lifecycle.alerts.actions import links
from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.outbox import heartbeats, queue
from lifecycle.alerts.outbox import pacing as pace
from lifecycle.alerts.outbox.gather import origin_of
from lifecycle.alerts.outbox.pauses import Pauses
from lifecycle.alerts.outbox.queue import Outcome
from lifecycle.alerts.senders.apprise_bridge import process
from lifecycle.alerts.senders.kinds import KINDS, all_senders
from lifecycle.alerts.senders.letter import Letter, Partly, Sender, SendingError
from lifecycle.core.alerting.grouping import Pacing
from lifecycle.core.timing.durations import span
from lifecycle.models import Channel, Delivery
from registry.errors import SecretsError
from registry.secrets import masking

logger = logging.getLogger("mcpstore.delivery")
LOOK_EVERY = 0.25
ATTEMPT_BOUND = 20.0
STOP_BOUND = 4.0
EXPIRE_EVERY = 10.0
BEGINNINGS = (Delivery.Kind.FIRING, Delivery.Kind.REMINDER)
P = ParamSpec("P")
T = TypeVar("T")


class Deliverer:
    """One per worker; it sends while *may* says so. Its database work has a thread of its own."""

    def __init__(
        self,
        senders: Mapping[str, Sender] | None = None,
        *,
        clock: Callable[[], datetime] = timezone.now,
        bound: float = ATTEMPT_BOUND,
        may: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = time.monotonic,
        pacing: Callable[[], Pacing] = pace.current,
    ) -> None:
        self._senders: Mapping[str, Sender] = senders or all_senders(process.start)
        self._clock, self._bound, self._may, self._pacing = clock, bound, may, pacing
        self._pauses = Pauses(monotonic)
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._abandoned: set[asyncio.Task[str | Partly]] = set()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._broken: BaseException | None = None
        self._stopping = False
        self._expired_at = self._beat_at = float("-inf")
        self._beats: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until *stop*; what is under way gets a few seconds, and goes out again otherwise."""
        try:
            while not stop.is_set():
                try:
                    if self._may():
                        await self._expire_now_and_then()
                        await self.look()
                        await self._beat_now_and_then()
                    self._raise_if_broken()
                except OperationalError as exc:
                    logger.warning("outbox: the database is not available (%s)", exc)
                await _pause(stop, LOOK_EVERY)
        finally:
            await self.aclose()

    async def _expire_now_and_then(self) -> None:
        if time.monotonic() - self._expired_at > EXPIRE_EVERY:
            self._expired_at = time.monotonic()
            await self._ask(queue.expire, self._clock(), self._pauses.left())

    async def _beat_now_and_then(self) -> None:
        if time.monotonic() - self._beat_at > heartbeats.LOOK_EVERY:
            self._beat_at = time.monotonic()
            await self.beat()

    async def beat(self) -> None:
        """Start a call to each monitor elsewhere whose minute is over."""
        due = await self._ask(heartbeats.take, self._clock()) if heartbeats.KIND in self._senders else []
        for channel in due:
            task = asyncio.create_task(self._call(channel), name=f"heartbeat-{channel.pk}")
            self._beats.add(task)
            task.add_done_callback(self._beats.discard)

    async def _call(self, channel: Channel) -> None:
        ok, answer = await heartbeats.call(channel, self._senders[channel.kind], self._clock())
        if not ok:
            logger.warning("heartbeat %s: %s", channel.name, answer)
        with contextlib.suppress(OperationalError):
            await self._ask(heartbeats.note, channel, ok, answer)

    async def look(self) -> int:
        """Start on each channel that has something due and is not being served; returns how many."""
        started = 0
        for channel in await self._ask(self._due):
            if channel not in self._busy and not self._pauses.holds(channel):
                task = asyncio.create_task(self._serve(channel), name=f"channel-{channel}")
                task.add_done_callback(self._ended)
                self._busy[channel] = task
                started += 1
        return started

    def _due(self) -> list[int]:
        now = self._clock()
        return queue.due_channels(now, self._pacing(), self._senders.keys()) if queue.any_due(now) else []

    def _take(self, channel: int) -> Delivery | None:
        return queue.take(channel, self._clock(), self._pacing())

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._broken = self._broken or task.exception()

    def _raise_if_broken(self) -> None:
        """A mistake of our own must not leave a channel silent: it ends the worker, which starts again."""
        if self._broken is not None:
            raise self._broken

    async def settled(self) -> None:
        """Wait until no channel is being served."""
        while self._busy or self._beats:
            await asyncio.gather(*self._busy.values(), *self._beats)

    async def _serve(self, channel: int) -> None:
        """Send what is due on one channel, in order, until there is no more."""
        try:
            while not self._stopping and self._may() and not self._pauses.holds(channel):
                delivery = await self._ask(self._take, channel)
                if delivery is None:
                    return
                await self._deliver(delivery)
        except OperationalError as exc:
            logger.warning("channel %s: the database is not available (%s)", channel, exc)
        finally:
            self._busy.pop(channel, None)

    async def _deliver(self, delivery: Delivery) -> None:
        outcome = await self._attempt(delivery)
        self._pauses.note(delivery.channel_id, KINDS[delivery.channel.kind].paces, outcome.retry_after)
        await self._ask(queue.settle, delivery, outcome, self._clock(), random.random())  # noqa: S311 - jitter
        level = logging.INFO if outcome.ok and not outcome.refused else logging.WARNING
        logger.log(level, "%s %s: %s", delivery.channel.name, delivery.kind, outcome.answer)

    async def _attempt(self, delivery: Delivery) -> Outcome:
        began = time.monotonic()
        outcome = await self._sent(delivery)
        answer = _without_secrets(delivery, outcome.answer)
        return replace(outcome, answer=answer, took=timedelta(seconds=time.monotonic() - began))

    async def _sent(self, delivery: Delivery) -> Outcome:
        none = timedelta(0)
        try:
            letter = self._letter(delivery)
            answer = await self._bounded(self._senders[delivery.channel.kind], letter)
        except SendingError as exc:
            return Outcome(ok=False, answer=exc.answer, took=none, retry_after=exc.retry_after, gone=exc.gone)
        # Foreign boundary: whatever a sender stumbles over, its message is not lost and others go on.
        except Exception as exc:
            return Outcome(ok=False, answer=f"{type(exc).__name__}: {exc}", took=none)
        if isinstance(answer, Partly):
            return Outcome(ok=True, answer=answer.answer, took=none, refused=answer.refused)
        return Outcome(ok=True, answer=answer, took=none)

    def _letter(self, delivery: Delivery) -> Letter:
        origin, beginning = origin_of(delivery.beginning), delivery.beginning
        beginning = origin or (beginning if beginning and beginning.attempts else None)
        return Letter(
            message_id=delivery.message_id,
            thread=beginning.message_id if beginning else None,
            began=beginning.payload if beginning else None,
            kind=Delivery.Kind.FIRING if delivery.kind == Delivery.Kind.REMINDER else delivery.kind,
            payload=_acting(delivery),
            config=opened(delivery.channel),
            only=tuple(delivery.to),
            never=frozenset(beginning.refused if beginning else ()),
            now=self._clock(),
        )

    async def _bounded(self, sender: Sender, letter: Letter) -> str | Partly:
        """Never waits for a sender longer than the bound, not even for its being cancelled."""
        task = asyncio.ensure_future(sender(letter))
        try:
            done, _ = await asyncio.wait({task}, timeout=self._bound)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if done:
            return task.result()
        self._abandon(task)
        raise SendingError(f"no answer within {span(self._bound)}")

    def _abandon(self, task: asyncio.Future[str | Partly]) -> None:
        task.cancel()
        if isinstance(task, asyncio.Task):
            self._abandoned.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[str | Partly]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()

    async def _ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run database work in the one thread that has our connection."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._database, lambda: function(*args, **kwargs))

    async def aclose(self) -> None:
        """Let what is under way come to its end for a moment, then leave it to the next worker."""
        self._stopping = True
        for beat in self._beats:
            beat.cancel()
        await asyncio.gather(*self._beats, return_exceptions=True)
        if self._busy:
            _, late = await asyncio.wait(self._busy.values(), timeout=STOP_BOUND)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for sender in self._senders.values():
            if (close := getattr(sender, "aclose", None)) is not None:
                await close()
        await self._ask(connections.close_all)
        self._database.shutdown(wait=False)


def _without_secrets(delivery: Delivery, answer: str) -> str:
    """A receiver may repeat the address and what else it was sent; these answers are shown and logged."""
    try:
        config = channel_config.unseal(delivery.channel.sealed)
    except SecretsError:
        return links.hidden(answer)
    return links.hidden(masking.mask(answer, KINDS[delivery.channel.kind].known_values(config)))


def _acting(delivery: Delivery) -> dict[str, Any]:
    """What is sent: with links that act on the alert, which stand in no row that people may read."""
    payload: dict[str, Any] = delivery.payload
    if delivery.kind not in BEGINNINGS:
        return payload
    data, since = payload["data"], delivery.created_at
    if delivery.episode_id is not None:
        service = bool(data.get("service"))
        data = data | {
            "actions": links.offered(delivery.episode_id, delivery.channel_id, since, service=service)
        }
    elif delivery.channel.kind == "email":
        data = data | {"members": [_acting_member(one, delivery) for one in data.get("members", ())]}
    return payload | {"data": data}


def _acting_member(member: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """One alert of a group, to be acknowledged by itself; a mail alone has room for so many links."""
    if member["kind"] not in BEGINNINGS:
        return member
    offered = links.offered(member["episode"], delivery.channel_id, delivery.created_at, service=False)
    return member | {"acknowledge": offered["acknowledge"]}


def opened(channel: Channel) -> Config:
    """The channel's configuration; from now on no log line of this process has its secrets."""
    config = channel_config.unseal(channel.sealed)
    masking.remember(KINDS[channel.kind].secrets(config))
    return config


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
