"""The one line that answers why nobody was told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from lifecycle.core.alerting.explain.why import Line, What

BARS = (What.RULE_OFF, What.OUT_OF_SCOPE, What.ALERTS_OFF, What.AT_REST)
"""What alone is reason enough, the weightiest first."""


def verdict(lines: Sequence[Line]) -> Line:
    """The one line of an absence that says most: what bars all, else what kept the last alert silent, else
    what came last of what came nearest.

    *lines* has at least one.
    """
    for what in BARS:
        if (found := next((line for line in lines if line.what is what), None)) is not None:
            return found
    fired = [line for line in lines if line.what is What.FIRED]
    if fired and (kept := next((line for line in lines if _keeps(line, fired[-1].at)), None)) is not None:
        return kept
    for group in _NEAREST:
        if (last := next((line for line in reversed(lines) if line.what in group), None)) is not None:
            return _folded_before(lines, last) or last
    return lines[-1]


def _folded_before(lines: Sequence[Line], over: Line) -> Line | None:
    """Why what was *over* too soon had not been due: since it began it was folded into a dependency."""
    if over.what is not What.TOO_SHORT:
        return None
    earlier = reversed(lines[: lines.index(over)])
    since = takewhile(lambda line: line.what is not What.MET, earlier)
    return next((line for line in since if line.what is What.FOLDED), None)


def _keeps(line: Line, fired: datetime) -> bool:
    """Whether this kept silent what *fired* then."""
    return line.what in _HUSHES and line.at <= fired and (line.until is None or fired < line.until)


_HUSHES = (What.SILENCED, What.MAINTENANCE, What.FLAPPING)
_NEAREST = (
    (What.FIRED,),
    (What.TOO_SHORT, What.COOLDOWN, What.FOLDED),
    (What.HOLD, What.ASKED, What.RESUMED, What.DOUBT, What.MET),
    (What.NOT_RECORDED, What.NO_FIGURES),
    (What.NEVER_MET,),
)
