"""A badge: two words side by side, as README files show them. One SVG, no font, no script."""

from __future__ import annotations

import unicodedata

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lifecycle.monitoring.uptime.presenter import WORDS as WINDOW_WORDS
from lifecycle.monitoring.uptime.presenter import percent_text
from lifecycle.monitoring.uptime.statuspages.public.board import WINDOWS, Line
from lifecycle.monitoring.uptime.statuspages.public.presenter import WORDS
from lifecycle.monitoring.uptime.statuspages.public.standing import Standing

COLOURS = {
    Standing.UP: "#0c7437",
    Standing.DEGRADED: "#8a5200",
    Standing.DOWN: "#b3161b",
    Standing.MAINTENANCE: "#1257b0",
    Standing.STARTING: "#6a32c9",
    Standing.STOPPED: "#525e6d",
    Standing.UNKNOWN: "#525e6d",
}
GOOD, FAIR = 0.999, 0.99
NARROW, WIDE, PAD, HEIGHT = 6.6, 11.5, 7, 20
KINDS = ("state", *(f"uptime-{name}" for name in WINDOWS))


def of(line: Line, kind: str) -> SafeString:
    """Of one service: its state, or its uptime over one of the windows."""
    if kind == "state":
        return svg(line.name, str(WORDS[line.standing]), COLOURS[line.standing])
    window = kind.removeprefix("uptime-")
    ratio = line.windows[window].ratio
    said = {"name": line.name, "span": WINDOW_WORDS[window]}
    return svg(_("%(name)s, %(span)s") % said, percent_text(ratio), _colour(ratio))


def _colour(ratio: float | None) -> str:
    if ratio is None:
        return COLOURS[Standing.UNKNOWN]
    level = Standing.UP if ratio >= GOOD else Standing.DEGRADED if ratio >= FAIR else Standing.DOWN
    return COLOURS[level]


def svg(left: str, right: str, colour: str) -> SafeString:
    """White on dark in both halves, so it reads on light pages and on dark ones."""
    one, two = _width(left), _width(right)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{high}" role="img" '
        'aria-labelledby="t"><title id="t">{left}: {right}</title>'
        '<clipPath id="r"><rect width="{whole}" height="{high}" rx="3"/></clipPath>'
        '<g clip-path="url(#r)"><rect width="{one}" height="{high}" fill="#3b4450"/>'
        '<rect x="{one}" width="{two}" height="{high}" fill="{colour}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'aria-hidden="true"><text x="{mid1}" y="14" textLength="{len1}">{left}</text>'
        '<text x="{mid2}" y="14" textLength="{len2}">{right}</text></g></svg>',
        whole=one + two,
        high=HEIGHT,
        left=left,
        right=right,
        one=one,
        two=two,
        colour=colour,
        mid1=one / 2,
        mid2=one + two / 2,
        len1=one - 2 * PAD,
        len2=two - 2 * PAD,
    )


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return round(wide * WIDE + (len(text) - wide) * NARROW) + 2 * PAD
