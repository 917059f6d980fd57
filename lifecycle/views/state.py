"""Setting the state of a service by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from lifecycle import operations, reading
from lifecycle.core import byhand
from lifecycle.core.states import State
from lifecycle.models import Command
from lifecycle.rows import STATE_WORDS, state_class
from lifecycle.views.service import find
from registry.access.roles import require
from registry.errors import ServiceNotFoundError
from registry.models import Role

MEANS = {
    State.INITIALIZING: lazy("It is started, and should run from now on."),
    State.HEALTHY: lazy("It counts as serving; the next check or attempt says whether it does."),
    State.WARNING: lazy("It counts as serving badly, until a check answers quickly."),
    State.RECONNECTING: lazy("Its connection is closed and made anew at once; the attempts count anew."),
    State.UNREACHABLE: lazy("It is tried again in a minute, and then seldom."),
    State.DISCONNECTING: lazy("It is stopped, and should not run from now on."),
    State.DISCONNECTED: lazy("It is at rest, and should not run from now on."),
}


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_state(request: HttpRequest, name: str) -> HttpResponse:
    """The moves that are possible now; one of them is asked for like any command."""
    if request.method == "POST":
        return _set(request, name)
    return _choice(request, name)


def _choice(request: HttpRequest, name: str, problem: str = "", status: int = 200) -> HttpResponse:
    service = find(name)
    now_in = reading.state_of(service)
    moves = [
        (state.value, STATE_WORDS[state], state_class(state), MEANS[state])
        for state in byhand.possible(now_in)
    ]
    context = {
        "service": service,
        "state_word": STATE_WORDS[now_in],
        "state_class": state_class(now_in),
        "moves": moves,
        "problem": problem,
    }
    return render(request, "lifecycle/service_state.html", context, status=status)


def _set(request: HttpRequest, name: str) -> HttpResponse:
    given = {"state": request.POST.get("state", "")}
    by, now = request.user.get_username(), timezone.now()
    try:
        operations.request(Command.Kind.SET_STATE, name, by=by, now=now, arguments=given)
    except ServiceNotFoundError:
        raise Http404(name) from None
    except operations.NotPossibleError as exc:
        return _choice(request, name, str(exc), 409)
    word = STATE_WORDS[State(given["state"])]
    messages.info(request, _("Asked: set the state to %(state)s") % {"state": word})
    return redirect("service_detail", name)
