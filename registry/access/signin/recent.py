"""Whether a person has shown a moment ago who they are: asked before a second factor changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

RECENT = 600.0
View = Callable[..., HttpResponse]


def recently(request: HttpRequest) -> bool:
    """Within the last ten minutes, in this session: by signing in, or by confirming it."""
    if not isinstance(request.user, User):
        return False
    times = [float(record["at"]) for record in get_authentication_records(request, request.user)]
    return bool(times) and 0 <= time.time() - max(times) < RECENT


def confirmed(view: View) -> View:
    """Ask first who it is, where that was a while ago; what was posted is not done then."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if recently(request):
            return view(request, *args, **kwargs)
        after = request.path if request.method in ("GET", "HEAD") else reverse("account")
        return redirect(f"{reverse('account_confirm')}?{urlencode({'next': after})}")

    return guarded
