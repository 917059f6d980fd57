"""Whole numbers in as few bytes as they need (LEB128: seven bits a byte, the lowest first). Pure."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 9
"""Bytes of one number: 63 bits are enough for all that is counted here."""


class DecodeError(ValueError):
    """These bytes are not what an encoder of this room wrote."""


def write(into: bytearray, *numbers: int) -> None:
    """Append *numbers*, none of them negative."""
    for number in numbers:
        rest = number
        while rest > 127:
            into.append(rest & 127 | 128)
            rest >>= 7
        into.append(rest)


def read(data: Iterator[int]) -> int:
    """The next number of *data*; DecodeError where it ends too soon or is too long."""
    number = 0
    for place in range(LONGEST):
        byte = next(data, None)
        if byte is None:
            raise DecodeError("ends within a number")
        number |= (byte & 127) << 7 * place
        if byte < 128:
            return number
    raise DecodeError("a number of more than 63 bits")
