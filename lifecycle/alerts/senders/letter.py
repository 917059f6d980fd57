"""What a sender gets, a `Letter`, and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lifecycle.alerts.channels.config import Config

ANSWER_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message, ready to go.

    `thread` is the message that began the episode, for an end of one, and `began` what that said. `only` are
    the recipients that are left to try, where others have it already; `never` those who got no beginning.
    """

    message_id: UUID
    thread: UUID | None
    kind: str
    payload: dict[str, Any]
    config: Config
    now: datetime
    began: dict[str, Any] | None = None
    only: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom to send it to now."""
        to = self.only or self.config.to
        return tuple(address for address in to if address not in self.never) or to


@dataclass(frozen=True, kw_only=True)
class Partly:
    """It arrived with some of the recipients; `refused` says why of each of the others."""

    answer: str
    refused: Mapping[str, str]


class SendingError(Exception):
    """It did not arrive. `gone`: the receiver wants no more, ever."""

    def __init__(self, answer: str, *, retry_after: timedelta | None = None, gone: bool = False) -> None:
        self.answer, self.retry_after, self.gone = answer, retry_after, gone
        super().__init__(answer)


Sender = Callable[[Letter], Awaitable[str | Partly]]
"""Sends and returns the receiver's answer, or raises SendingError."""
