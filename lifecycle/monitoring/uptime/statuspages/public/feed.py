"""The feed of a page: what people told of incidents, and maintenance; Atom, which all readers know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lifecycle.monitoring.uptime.statuspages.public import presenter
from lifecycle.monitoring.uptime.statuspages.public.board import Board


def text(board: Board, url: str, feed_url: str, made: datetime) -> bytes:
    """As bytes; the same board gives the same bytes. *made* is when the page was last changed."""
    entries = sorted(_entries(board), key=lambda one: (one["updateddate"], one["unique_id"]), reverse=True)
    feed = _Feed(
        title=board.title,
        link=url,
        description=board.intro,
        subtitle=board.intro,
        feed_url=feed_url,
        feed_guid=url,
        language=get_language() or "en",
    )
    feed.newest = max([made, *(one["updateddate"] for one in entries)])
    for one in entries:
        feed.add_item(link=url, **one)
    return feed.writeString("utf-8").encode()


class _Feed(Atom1Feed):
    """Without an entry Django would say that it was updated now, each time another now."""

    newest: datetime

    def latest_post_date(self) -> datetime:
        return self.newest


def _entries(board: Board) -> Iterator[dict[str, Any]]:
    for incident in board.incidents:
        for told in incident.words:
            said = _("%(name)s: resolved incident") if incident.ended else _("%(name)s: incident")
            yield {
                "title": said % {"name": incident.name},
                "description": told.text,
                "unique_id": f"urn:mcpstore:{told.id}",
                "updateddate": told.at,
                "pubdate": told.at,
            }
    for one in board.planned:
        when = presenter.span_of(one)
        yield {
            "title": _("Maintenance: %(names)s") % {"names": presenter.about(one)},
            "description": when,
            "unique_id": f"urn:mcpstore:{one.id}",
            "updateddate": one.told_at,
            "pubdate": one.told_at,
        }
