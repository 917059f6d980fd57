"""The bar of the last 90 days: one SVG, a cell for each local day, its parts stacked by their share of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from lifecycle.core.monitoring.uptime import Account

STEP, WIDTH, HEIGHT = 4, 3, 32
LEAST = 5
"""So high is the least outage drawn: it must be seen."""
CLASSES = ("bad", "ok", "rest", "gap")


def svg(accounts: Sequence[Account], titles: Sequence[str], label: str) -> SafeString:
    """Oldest first. *titles* say of each day what its cell shows, where no table does; *label* sums up."""
    drawn: dict[str, list[str]] = {name: [] for name in CLASSES}
    ends: dict[str, tuple[int, int]] = {}
    for n, account in enumerate(accounts):
        top = HEIGHT
        for name, height in zip(CLASSES, _heights(account), strict=True):
            top -= height
            if height:
                drawn[name].append(_drawn(n * STEP, top, height, ends.get(name)))
                ends[name] = n * STEP, top
    paths = "".join(f'<path class="{name}" d="{"".join(parts)}"/>' for name, parts in drawn.items() if parts)
    return format_html(
        '<svg class="days" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}{}</svg>",
        len(accounts) * STEP - STEP + WIDTH,
        HEIGHT,
        label,
        mark_safe(paths),  # noqa: S308 - built from numbers and the class names above
        _hovered(titles),
    )


def _drawn(x: int, y: int, height: int, last: tuple[int, int] | None) -> str:
    """From where the *last* one began: days that are alike are then written alike, and packed to nothing."""
    move = f"m{x - last[0]} {y - last[1]}" if last else f"M{x} {y}"
    return f"{move}h{WIDTH}v{height}h-{WIDTH}z"


def _heights(account: Account) -> Iterator[int]:
    """Of what was down, served, did not count and is unknown, from below; together the whole cell."""
    parts = (account.down, account.serving, account.excluded, account.unknown)
    whole = sum(parts)
    left = HEIGHT
    if not whole:
        yield from (0, 0, 0, HEIGHT)
        return
    least = LEAST if account.down else 0
    for n, part in enumerate(parts[:-1]):
        rest = sum(parts[n + 1 :])
        height = left if not rest else min(round(part / whole * HEIGHT), left)
        height = max(height, least) if n == 0 else height
        left -= height
        yield height
    yield left


def _hovered(titles: Sequence[str]) -> SafeString:
    """Over each cell, whatever is drawn in it, its words; none where they are empty."""
    cells = ((n * STEP, STEP, HEIGHT, title) for n, title in enumerate(titles) if title)
    return format_html_join("", '<rect x="{}" width="{}" height="{}"><title>{}</title></rect>', cells)
