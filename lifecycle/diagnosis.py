"""Why a service is not healthy, and what to do about it, in plain words (requirements 2.14)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.health import Kind
from lifecycle.core.states import State

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the diagnosis is made from."""

    state: State
    kind: Kind | None = None
    message: str = ""
    stdio: bool = False
    reason: str = ""
    attempts: int = 0
    max_attempts: int = 0
    failures: int = 0
    wanted: bool = True
    served: bool = True


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What happened, the likely cause, what a person can do, and what the console does next by itself."""

    what: str
    cause: str = ""
    todo: tuple[str, ...] = ()
    next_step: str = ""


IN_SHORT: dict[Kind, Words] = {
    Kind.TIMEOUT: lazy("no answer"),
    Kind.REFUSED: lazy("refused"),
    Kind.DNS: lazy("unknown host"),
    Kind.TLS: lazy("bad certificate"),
    Kind.AUTH: lazy("sign-in refused"),
    Kind.HTTP: lazy("HTTP error"),
    Kind.PROTOCOL: lazy("not MCP"),
    Kind.CLOSED: lazy("cut off"),
    Kind.EXITED: lazy("process ended"),
    Kind.SPAWN: lazy("cannot start"),
    Kind.OVERSIZE: lazy("answer too large"),
    Kind.POLICY: lazy("not approved"),
}

CAUSE: dict[Kind, Words] = {
    Kind.TIMEOUT: lazy("The server took the request and gave no answer in time: it hangs, or is overloaded."),
    Kind.REFUSED: lazy("Nothing listens at this address: the server is not running, or uses another port."),
    Kind.DNS: lazy("The host name is unknown: it is misspelt, or the name server does not answer."),
    Kind.TLS: lazy("The certificate cannot be trusted: expired, self-signed, or made for another name."),
    Kind.AUTH: lazy("The server is up but turns us away: the token is missing, wrong or expired."),
    Kind.HTTP: lazy("Something answers at this address, but not with MCP: a wrong path, or a proxy."),
    Kind.PROTOCOL: lazy("The answer is not the MCP we expect: another kind of server, or a broken one."),
    Kind.CLOSED: lazy("The connection was cut: the server restarted, or something between us closed it."),
    Kind.EXITED: lazy("The process ended by itself. Its last words stand in the message."),
    Kind.SPAWN: lazy("The command could not be started: not installed here, or not in the search path."),
    Kind.OVERSIZE: lazy(
        "The server sent more than we accept; we closed the connection to protect the others."
    ),
    Kind.POLICY: lazy("The configuration is not approved, or the rules of this console forbid it."),
}

REMEDIES: dict[Kind, tuple[Words, ...]] = {
    Kind.TIMEOUT: (
        lazy("Look at the server's load and log."),
        lazy("Restart the server if it hangs."),
    ),
    Kind.REFUSED: (
        lazy("Start the server, then reconnect."),
        lazy("Compare host and port of the URL with what the server prints at its start."),
    ),
    Kind.DNS: (
        lazy("Correct the host name in the URL."),
        lazy("Ask on the machine of the console whether the name can be resolved."),
    ),
    Kind.TLS: (
        lazy("Renew the server's certificate, or use the name that it was made for."),
        lazy("If your company signs its own certificates, install its root on the console's machine."),
    ),
    Kind.AUTH: (
        lazy("Enter a valid token: edit the configuration, and give the new value."),
        lazy("Ask the server's owner whether this account may use it."),
    ),
    Kind.HTTP: (
        lazy("Compare the URL's path with the server's documentation; often it ends with /mcp or /sse."),
        lazy(
            "Read the status in the message: 404 wrong path, 429 too many requests, 5xx the server's fault."
        ),
    ),
    Kind.PROTOCOL: (
        lazy("Check that the URL or command is that of an MCP server, and the transport the right one."),
        lazy("Update the server."),
    ),
    Kind.CLOSED: (lazy("Usually nothing: it reconnects by itself. If this goes on, read the server's log."),),
    Kind.EXITED: (
        lazy("Read the message: often an argument, an environment variable or a file is missing."),
        lazy("Run the command by hand on the console's machine to see all that it prints."),
    ),
    Kind.SPAWN: (
        lazy("Install the command on the console's machine, or give its full path."),
        lazy("Check that the working directory exists."),
    ),
    Kind.OVERSIZE: (lazy("Ask the server for less: fewer tools, shorter answers."),),
    Kind.POLICY: (lazy("An admin can register the service again and so approve it, or change the rule."),),
}


def diagnose(facts: Facts) -> Diagnosis:
    """The diagnosis of one service; for a healthy one only the headline."""
    return Diagnosis(
        what=_what(facts),
        cause=_cause(facts),
        todo=_todo(facts),
        next_step=_next_step(facts),
    )


def _what(facts: Facts) -> str:
    match facts.state:
        case State.HEALTHY:
            return _("It answers, and quickly.")
        case State.WARNING if facts.failures:
            return _("%(n)d checks in a row failed; the connection is still held.") % {"n": facts.failures}
        case State.WARNING:
            return _("It answers, but slowly.")
        case State.INITIALIZING:
            return _("It is being connected.")
        case State.RECONNECTING if not facts.served:
            return _("It has not been reached yet; it is being tried again.")
        case State.RECONNECTING:
            return _("The connection is lost; it is being made again.")
        case State.UNREACHABLE if facts.kind in (Kind.AUTH, Kind.SPAWN, Kind.POLICY):
            return _("It cannot be reached, and trying again quickly would not help.")
        case State.UNREACHABLE:
            return _("It cannot be reached: %(n)d attempts failed.") % {"n": facts.attempts}
        case State.DISCONNECTING:
            return _("Its connection is being closed.")
    return _at_rest(facts)


def _at_rest(facts: Facts) -> str:
    if facts.reason:
        return _("It is stopped: %(reason)s.") % {"reason": facts.reason.rstrip(".")}
    return _("It is stopped.")


def _troubled(facts: Facts) -> bool:
    return facts.kind is not None and facts.state is not State.HEALTHY


def _cause(facts: Facts) -> str:
    if facts.state is State.WARNING and facts.kind is None:
        return _("The server, or the way to it, is busy.")
    return str(CAUSE[facts.kind]) if _troubled(facts) and facts.kind else ""


def _todo(facts: Facts) -> tuple[str, ...]:
    if facts.state is State.DISCONNECTED:
        return (_("Start it when it should run again."),)
    if facts.state is State.WARNING and facts.kind is None:
        return (_("Look at the server's load if this lasts."),)
    return tuple(str(step) for step in REMEDIES[facts.kind]) if _troubled(facts) and facts.kind else ()


def _next_step(facts: Facts) -> str:
    match facts.state:
        case State.WARNING if facts.failures:
            return _("It is checked again every few seconds, and reconnected if it goes on failing.")
        case State.RECONNECTING:
            return _("Attempt %(n)d of %(all)d") % {
                "n": min(facts.attempts + 1, facts.max_attempts),
                "all": facts.max_attempts,
            }
        case State.UNREACHABLE:
            return _("Next attempt")
    return ""
