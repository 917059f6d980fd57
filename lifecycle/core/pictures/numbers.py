"""Numbers of a chart as its script writes them: beside it, and with less digits at its axes. Pure."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

NONE = "–"
MB, GB = 1048576, 1073741824


def said(value: float | None, unit: str, short: bool = False) -> str:
    """With its unit (ms, %, B); of n, the number alone. A share is cut off and never rounded up."""
    if value is None:
        return NONE
    if unit == "ms":
        return (
            f"{plain(value / 1000, 2)} s" if value >= 1000 else f"{plain(value, 1 if value < 10 else 0)} ms"
        )
    if unit == "%":
        return f"{plain(math.floor(value * 1000) / 1000, 2 if short else 3)} %"
    if unit == "B":
        return f"{plain(value / GB, 1)} GB" if value >= GB else f"{plain(value / MB, 0 if short else 1)} MB"
    return plain(value, 2)


def plain(value: float, digits: int) -> str:
    """At most so many digits behind the point, half of one up, and a comma between thousands."""
    text = f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
