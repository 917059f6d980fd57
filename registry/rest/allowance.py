"""How many REST requests a token, or a person without one, may make in a minute.

The answers say so in `RateLimit-Policy` and `RateLimit`, as in draft-ietf-httpapi-ratelimit-headers-11 of the
IETF (23 May 2026, work in progress), and a refusal in `Retry-After` (RFC 9110, section 10.2.3) too. A window
begins with its first request, so callers do not all come back at the same second.

Counted in memory, each web process by itself: of several, each grants the whole quota. Nothing is written.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from registry.rest.problems import ProblemError

logger = logging.getLogger("mcpstore.rest")
WINDOW = 60
NAME = '"rest"'
SWEPT_ABOVE = 1000


@dataclass(frozen=True)
class Left:
    """What is left of a window: requests, and whole seconds until it ends. Less than none: refused."""

    quota: int
    requests: int
    seconds: int


class Counter:
    """Requests by caller within the window of each. *now* is in seconds of any clock that only goes on."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def spend(self, who: str, quota: int, now: float) -> Left:
        """Count one more, unless none is left."""
        with self._lock:
            ends, before = self._windows.get(who, (0.0, 0))
            if now >= ends:
                ends, before = now + WINDOW, 0
                self._sweep(now)
            spent = min(before, quota) + 1
            self._windows[who] = ends, spent
        if spent > quota >= before:  # said once, not with each refusal
            logger.warning("%s has used up its %d requests in %d s", who, quota, WINDOW)
        return Left(quota, quota - spent, ceil(ends - now))

    def _sweep(self, now: float) -> None:
        if len(self._windows) > SWEPT_ABOVE:
            self._windows = {who: one for who, one in self._windows.items() if one[0] > now}

    def forget(self) -> None:
        """As if nobody had asked for anything."""
        with self._lock:
            self._windows.clear()

    def __len__(self) -> int:
        return len(self._windows)


counter = Counter()


def spend(request: HttpRequest, who: str) -> None:
    """One more request of *who*, such as "token 7"; ProblemError (429) where the quota is used up."""
    if not (quota := settings.REST_LIMIT):
        return
    left = counter.spend(who, quota, time.monotonic())
    request.rest_left = left  # type: ignore[attr-defined]
    if left.requests >= 0:
        return
    raise ProblemError(
        429,
        f"More than {quota:,} requests in {WINDOW} s. Ask less often; try again in {left.seconds} s.",
    )


def told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer with what is left; one that nobody was counted for stays as it is."""
    left: Left | None = getattr(request, "rest_left", None)
    if left is not None:
        response["RateLimit-Policy"] = f"{NAME};q={left.quota};w={WINDOW}"
        response["RateLimit"] = f"{NAME};r={max(left.requests, 0)};t={left.seconds}"
        if left.requests < 0:
            response["Retry-After"] = str(left.seconds)
            response._has_been_logged = True  # type: ignore[attr-defined]  # Django would say each refusal
    return response
