"""Texts of servers without control characters, which would make them look like something else."""

from __future__ import annotations

import re

# Controls but for tab and line ends; marks that turn the direction of what follows or hide in a word.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
INSTEAD = "\ufffd"


def neutral(text: str) -> str:
    """The text with a visible sign for each character that steers a reader's screen."""
    return _STEERING.sub(INSTEAD, text)
