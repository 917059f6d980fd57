"""What is to be known of a client's file, as codes; the sentences are in `registry.clients.words`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """What there is to say of one service."""

    RENAMED = "renamed"
    BRIDGED = "bridged"
    SIGNS_IN = "signs-in"
    STAYS = "stays"
    NO_FOLDER = "no-folder"
    NO_TRANSPORT = "no-transport"
    NO_SWITCH = "no-switch"
    REFUSED_VARIABLE = "refused-variable"
    BY_HAND = "by-hand"
    LITERAL = "literal"
    TWO_VALUES = "two-values"
    NO_CALL_LIMIT = "no-call-limit"
    NO_START_LIMIT = "no-start-limit"
    CALL_LIMIT_OUTSIDE = "call-limit-outside"
    START_LIMIT_OUTSIDE = "start-limit-outside"
    CALL_LIMIT_ROUNDED = "call-limit-rounded"
    START_LIMIT_ROUNDED = "start-limit-rounded"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to say of one service; `about` fills the sentence in."""

    service: str
    code: Code
    about: Mapping[str, str] = field(default_factory=dict)
