"""What definitions of tools cost, in words."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from registry.models import Tool

MANY: Final = 10_000
"""More than this of one service, and a model has noticeably less room for the work itself."""


def sum_of(tools: QuerySet[Tool]) -> int:
    """The tokens of all of them."""
    return int(tools.order_by().aggregate(sum=Sum("tokens"))["sum"] or 0)


def words(count: int) -> str:
    """ "≈ 1,200 tokens": two digits count, it is an estimate."""
    return _("≈ %(count)s tokens") % {"count": number_format(rounded(count), force_grouping=True)}


def rounded(count: int) -> int:
    """To two digits, never to nothing."""
    digits = max(len(str(count)) - 2, 0)
    return round(count, -digits)
