"""The page that sets the state of a service by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from lifecycle.core.machine import manual
from lifecycle.core.machine.states import State
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.pages.lookup import listed_service
from lifecycle.services import queries as service_queries
from lifecycle.services.presenter import STATE_WORDS, state_class
from registry.access.roles import require
from registry.errors import ServiceNotFoundError
from registry.models import Role

MEANS = {
    State.INITIALIZING: lazy("The service is started. Desired state: running."),
    State.HEALTHY: lazy("The service counts as serving until the next check."),
    State.WARNING: lazy("The service counts as degraded until a check is fast."),
    State.RECONNECTING: lazy(
        "The service is disconnected and reconnected immediately. Attempts are counted from 0."
    ),
    State.UNREACHABLE: lazy("The next attempt is in a minute, later ones at growing intervals."),
    State.DISCONNECTING: lazy("The service is stopped. Desired state: stopped."),
    State.DISCONNECTED: lazy("The service is disconnected. Desired state: stopped."),
}


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_state(request: HttpRequest, name: str) -> HttpResponse:
    """The moves that are possible now; one of them is asked for like any command."""
    if request.method == "POST":
        return _set(request, name)
    return _choice(request, name)


def _choice(request: HttpRequest, name: str, problem: str = "", status: int = 200) -> HttpResponse:
    service = listed_service(name)
    now_in = service_queries.state_of(service)
    moves = [
        (state.value, STATE_WORDS[state], state_class(state), MEANS[state])
        for state in manual.possible(now_in)
    ]
    context = {
        "service": service,
        "state_word": STATE_WORDS[now_in],
        "state_class": state_class(now_in),
        "moves": moves,
        "problem": problem,
    }
    return render(request, "lifecycle/services/service_state.html", context, status=status)


def _set(request: HttpRequest, name: str) -> HttpResponse:
    given = {"state": request.POST.get("state", "")}
    by, now = request.user.get_username(), timezone.now()
    try:
        operation_commands.request(
            Command.Kind.SET_STATE, name, by=by, now=now, arguments=given, origin=Command.Origin.PAGE
        )
    except ServiceNotFoundError:
        raise Http404(name) from None
    except operation_commands.NotPossibleError as exc:
        return _choice(request, name, str(exc), 409)
    word = STATE_WORDS[State(given["state"])]
    messages.info(request, _("Requested: set the state to %(state)s") % {"state": word})
    return redirect("service_detail", name)
