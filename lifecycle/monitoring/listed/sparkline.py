"""The median response of the last 24 hours as a line of a few bytes."""

from __future__ import annotations

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

HOURS, STEP, HEIGHT = 24, 2, 9
NONE = "-"


@lru_cache(maxsize=4096)
def svg(response: str) -> SafeString:
    """*response*: a number of ms for each hour with spaces between, `-` for none. Empty where none is known.

    The scale begins at half of the quickest and has at least twice that room: what is even looks even.
    An hour without an answer is a gap.
    """
    values = [None if part == NONE else float(part) for part in response.split()][-HOURS:]
    known = [value for value in values if value is not None]
    if not known:
        return SafeString("")
    least = min(known) / 2
    room = max(max(known) - least, 2 * least) or 1.0
    path, before, pen = "", (0, 0), ""
    for n, value in enumerate(values, HOURS - len(values)):
        if value is None:
            pen = ""
            continue
        here = (n * STEP, round(HEIGHT - (value - least) / room * HEIGHT))
        across, down = here[0] - before[0], here[1] - before[1]
        path += f"{pen or 'm'}{across}{'' if down < 0 else ' '}{down}{'' if pen else 'h0'}"
        before, pen = here, " " if pen else "l"
    return mark_safe(  # noqa: S308 - built from numbers
        f'<svg><path d="{path}"/></svg>'
    )
