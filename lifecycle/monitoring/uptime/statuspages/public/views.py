"""What strangers can ask for. Nobody is signed in here: no session is read, no cookie set.

A page that is off, one that there is not, and a link that was renewed are answered by the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from lifecycle.models import StatusPage
from lifecycle.monitoring.uptime.statuspages.operations import PREFIX, address
from lifecycle.monitoring.uptime.statuspages.public import badge as badges
from lifecycle.monitoring.uptime.statuspages.public import cache, feed, presenter
from lifecycle.monitoring.uptime.statuspages.public.board import Board, Made
from registry.access import clients
from registry.access.roles import open_to_all
from registry.access.tokens import digest
from registry.models.limits import unlimited
from registry.rest.allowance import WINDOW, Counter

MAX_AGE = 15
HTML = "text/html; charset=utf-8"
counter = Counter()
Visibility = StatusPage.Visibility
Make = Callable[[StatusPage, Board], "tuple[str | bytes, str] | None"]


@open_to_all
@require_safe
def status_page(request: HttpRequest, key: str) -> HttpResponseBase:
    """The page, whole without scripts."""

    def make(page: StatusPage, board: Board) -> tuple[str, str]:
        return html(board, key), HTML

    return _answer(request, ("page", key), make)


def html(board: Board, key: str) -> str:
    """The page's text; without a *key* it is a preview."""
    more = {
        "feed_url": reverse("status_feed", args=[key]) if key else "",
        "refreshed": bool(key),
    }
    return render_to_string("lifecycle/statuspages/status_page.html", presenter.page_of(board) | more)


@open_to_all
@require_safe
def status_feed(request: HttpRequest, key: str) -> HttpResponseBase:
    """What people told, and maintenance, for readers of feeds."""

    def make(page: StatusPage, board: Board) -> tuple[bytes, str]:
        whole = f"{settings.PUBLIC_URL}{reverse('status_feed', args=[key])}"
        return feed.text(board, address(key), whole, page.updated_at), "application/atom+xml; charset=utf-8"

    return _answer(request, ("feed", key), make)


@open_to_all
@require_safe
def status_json(request: HttpRequest, key: str) -> HttpResponseBase:
    """The same for programs; also for those of other sites."""

    def make(page: StatusPage, board: Board) -> tuple[str, str]:
        return json.dumps(presenter.plain(board), ensure_ascii=False), "application/json"

    return _elsewhere(_answer(request, ("json", key), make))


@open_to_all
@require_safe
def badge(request: HttpRequest, key: str, service: str) -> HttpResponseBase:
    """State, or with ?show=uptime-30d uptime, of one service; where badges are on."""
    kind = request.GET.get("show", "state")

    def make(page: StatusPage, board: Board) -> tuple[str, str] | None:
        line = next((line for line in board.lines if line.slug == service), None)
        allowed = board.badges and kind in badges.KINDS and (kind == "state" or board.show_uptime)
        return (badges.of(line, kind), "image/svg+xml; charset=utf-8") if line and allowed else None

    return _elsewhere(_answer(request, ("badge", key, service, kind), make))


def _answer(request: HttpRequest, what: tuple[str, ...], make: Make) -> HttpResponseBase:
    """*what* is asked for, of the page that its second part names; two answers of the same are the same."""
    if refused := _too_many(request):
        return refused
    page = find(what[1])
    made = _made(page, cache.board_of(page), what, make) if page else None
    if page is None or made is None:
        return nothing()
    return _conditional(request, made, secret=page.visibility != Visibility.PUBLIC)


def _made(page: StatusPage, board: Board, what: tuple[str, ...], make: Make) -> Made | None:
    """Made once for each language and kept as long as the board is."""
    known = (*what, get_language() or "")
    if known not in board.told:
        found = make(page, board)
        if found is None:
            return None  # not kept: addresses that are none are without end
        content = found[0].encode() if isinstance(found[0], str) else found[0]
        mark = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
        board.told[known] = Made(content=content, kind=found[1], mark=mark)
    return board.told[known]


def _conditional(request: HttpRequest, made: Made, *, secret: bool) -> HttpResponseBase:
    """304 to who has it already. The mark is weak: what is sent is padded and compressed by chance."""
    whole = HttpResponse(made.content, content_type=made.kind)
    answer = get_conditional_response(request, etag=made.mark, response=whole) or whole
    answer["ETag"] = made.mark
    answer["Cache-Control"] = f"{'private' if secret else 'public'}, max-age={MAX_AGE}"
    if secret:
        answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _elsewhere(answer: HttpResponseBase) -> HttpResponseBase:
    """Badges and figures are made to be shown on other sites."""
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def find(key: str) -> StatusPage | None:
    """The page of a secret or a public name, if it is shown that way now: one look into one index."""
    if "\0" in key:
        return None
    by = (
        {"token_digest": digest(key), "visibility": Visibility.LINK}
        if key.startswith(PREFIX)
        else {"slug": key, "visibility": Visibility.PUBLIC}
    )
    with unlimited():
        return StatusPage.objects.filter(**by).first()


def nothing() -> HttpResponse:
    """404 whatever the reason."""
    text = render_to_string("lifecycle/statuspages/status_nothing.html")
    return HttpResponse(text, content_type=HTML, status=404)


def _too_many(request: HttpRequest) -> HttpResponse | None:
    """As many as REST grants to a token, by the visitor's address."""
    if not (quota := settings.REST_LIMIT):
        return None
    left = counter.spend(f"visitor {clients.address(request)}", quota, time.monotonic())
    if left.requests >= 0:
        return None
    said = f"More than {quota:,} requests in {WINDOW} s. Try again in {left.seconds} s."
    answer = HttpResponse(said, content_type="text/plain; charset=utf-8", status=429)
    answer["Retry-After"] = str(left.seconds)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # Django would say each refusal
    return answer
