"""What a sender gets, and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lifecycle.alerts.channels import Config

ANSWER_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message, ready to go. `thread` is the message that began the episode, for an end of one."""

    message_id: UUID
    thread: UUID | None
    kind: str
    payload: dict[str, Any]
    config: Config
    now: datetime


class SendingError(Exception):
    """It did not arrive. `gone`: the receiver wants no more, ever."""

    def __init__(self, answer: str, *, retry_after: timedelta | None = None, gone: bool = False) -> None:
        self.answer, self.retry_after, self.gone = answer, retry_after, gone
        super().__init__(answer)


Sender = Callable[[Letter], Awaitable[str]]
"""Sends and returns the receiver's answer, or raises SendingError."""
