"""The words for each kind of failure; causes that are known more exactly have words of their own."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.inconclusive import Ours
from lifecycle.core.health.verdict import Kind
from lifecycle.services.diagnosis.advice import Act as Act
from lifecycle.services.diagnosis.advice import Advice, Words
from lifecycle.services.diagnosis.remedies_programs import PROGRAMS
from lifecycle.services.diagnosis.remedies_signin import SIGN_IN
from lifecycle.services.diagnosis.remedies_web import WEB

ACT_WORDS: dict[Act, Words] = {
    Act.RECONNECT: lazy("Reconnect now"),
    Act.RESTART: lazy("Restart"),
    Act.CHECK: lazy("Check now"),
    Act.START: lazy("Start"),
    Act.EDIT: lazy("Edit configuration"),
    Act.SIGN_IN: lazy("Sign in"),
}

UNSURE: dict[str, Words] = {
    Ours.SUSPENDED: lazy("the console's machine was asleep, or its worker was suspended"),
    Ours.CLOCK: lazy("the clock of the console's machine was changed"),
    Ours.NETWORK: lazy("the console's machine has no network"),
    Ours.DATABASE: lazy("the console's database was busy"),
    Ours.SATURATED: lazy("the console was overloaded"),
    Ours.FILES: lazy("the console's worker may open no more files"),
}
"""Why a check was inconclusive."""

UNSURE_TODO: dict[str, Words] = {
    Ours.NETWORK: lazy("Check the network of the console's machine. The service is not the cause."),
    Ours.DATABASE: lazy("Check the console's disk or database server if this persists."),
    Ours.SATURATED: lazy(
        "Give the console's machine more CPU or increase the check interval if this persists."
    ),
    Ours.FILES: lazy(
        "Raise the limit on open files (LimitNOFILE of its unit, or ulimit -n) and restart the worker."
        " Until then connected services stay connected."
    ),
}

BY_KIND: dict[Kind, Advice] = {
    Kind.TIMEOUT: Advice(
        short=lazy("no response"),
        happened=lazy("It did not answer in time."),
        cause=lazy("The server hangs or is overloaded: it accepted the request but sent no response."),
        todo=(
            lazy("Check the server's load and log."),
            lazy("Restart the server if it hangs."),
            lazy("If it is always this slow, increase the timeouts in its policy, below."),
        ),
        acts=(Act.RECONNECT, Act.RESTART),
    ),
    Kind.REFUSED: Advice(
        short=lazy("refused"),
        happened=lazy("Nothing is listening at its address."),
        cause=lazy("The server is not running, listens on another port, or a firewall blocks it."),
        todo=(
            lazy("Start the server, then reconnect."),
            lazy("Compare the host and port in the URL with what the server prints when it starts."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Kind.DNS: Advice(
        short=lazy("unknown host"),
        happened=lazy("Its host name cannot be resolved."),
        cause=lazy(
            "The host name is misspelled, or the DNS server of the console's machine does not know it."
        ),
        todo=(
            lazy("Correct the host name in the URL."),
            lazy("Look up the name on the console's machine: many names only exist inside a network."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.TLS: Advice(
        short=lazy("TLS failed"),
        happened=lazy("No encrypted connection could be established."),
        cause=lazy(
            "The server and the console could not agree on TLS, or something between them interferes."
        ),
        todo=(
            lazy("Read the message: it contains the error of the TLS library."),
            lazy("Check the port in the URL, and that the server offers TLS 1.2 or newer."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Kind.AUTH: Advice(
        short=lazy("needs sign-in"),
        happened=lazy("It needs sign-in: it is up, but rejects the console."),
        cause=lazy("The token is missing, wrong or expired, or the server requires a browser sign-in."),
        todo=(
            lazy("Get a token from the server's owner or its website, and enter it as the bearer token."),
            lazy("If it requires a browser sign-in, sign in."),
        ),
        acts=(Act.EDIT, Act.SIGN_IN, Act.RECONNECT),
        edit=lazy("Enter a token"),
    ),
    Kind.HTTP: Advice(
        short=lazy("HTTP error"),
        happened=lazy("It responds with an HTTP error."),
        cause=lazy("The server, or a proxy in front of it, rejects the request."),
        todo=(
            lazy("Read the message: it contains the status and the server's response."),
            lazy("Compare the URL and headers with the server's documentation."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.PROTOCOL: Advice(
        short=lazy("not MCP"),
        happened=lazy("Its response does not follow the MCP specification."),
        cause=lazy("A different kind of server answers there, or this one has a bug."),
        todo=(
            lazy("Check that the URL or command belongs to an MCP server and that the transport is right."),
            lazy("Update the server."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.CLOSED: Advice(
        short=lazy("connection lost"),
        happened=lazy("The connection was lost."),
        cause=lazy("The server restarted, or something between it and the console closed the connection."),
        todo=(
            lazy(
                "Usually nothing: it reconnects automatically. If it keeps happening, read the server's log."
            ),
        ),
        acts=(Act.RECONNECT,),
    ),
    Kind.EXITED: Advice(
        short=lazy("process exited"),
        happened=lazy("Its program exited."),
        cause=lazy("The message has the exit code and the reason that the program gave."),
        todo=(
            lazy("Read the message: often an argument, an environment variable or a file is missing."),
            lazy("Run the command manually on the console's machine, as the console's user."),
        ),
        acts=(Act.RESTART, Act.EDIT),
    ),
    Kind.SPAWN: Advice(
        short=lazy("cannot start"),
        happened=lazy("Its program cannot be started."),
        cause=lazy("The operating system refused to start the command; the message has its reason."),
        todo=(
            lazy("Try the command on the console's machine, as the console's user."),
            lazy("Check the command and its arguments."),
        ),
        acts=(Act.RESTART, Act.EDIT),
    ),
    Kind.OVERSIZE: Advice(
        short=lazy("response too large"),
        happened=lazy("It sent more than the console accepts."),
        cause=lazy("The server exceeded the limit and was disconnected to protect the other services."),
        todo=(lazy("Make the server send less: fewer tools, shorter results."),),
        acts=(Act.RECONNECT,),
    ),
    Kind.POLICY: Advice(
        short=lazy("not approved"),
        happened=lazy("Its configuration is not allowed."),
        cause=lazy("The configuration is not approved, or the rules of this console forbid it."),
        todo=(lazy("An admin can save the service again to approve it, or change the rule."),),
        acts=(Act.EDIT, Act.RECONNECT),
        edit=lazy("Review and save again"),
    ),
    Kind.FUNCTION: Advice(
        short=lazy("check failed"),
        happened=lazy("It answers, but its functional check failed."),
        cause=lazy("The server is up, but the tool that its check calls fails or returns something else."),
        todo=(
            lazy("Call the tool manually, below, with the same arguments, and read its result."),
            lazy("If the result is right, correct the text that the check expects."),
        ),
        acts=(Act.CHECK, Act.RESTART, Act.EDIT),
    ),
}
BY_CAUSE: dict[Cause, Advice] = {
    **PROGRAMS,
    **WEB,
    **SIGN_IN,
    Cause.FOREIGN_KEY: Advice(
        short=lazy("key missing"),
        happened=lazy("Its stored values cannot be decrypted."),
        cause=lazy("The console's secrets.key is missing or does not belong to this database."),
        todo=(
            lazy("Put the right secrets.key back into the data directory, then restart the console."),
            lazy("Do not save or retype values before that: the configuration itself is fine."),
        ),
        acts=(Act.RECONNECT,),
    ),
    Cause.ANSWERS_ERROR: Advice(
        short=lazy("responds with an error"),
        happened=lazy("It speaks MCP, but responds with an error before it can be used."),
        cause=lazy("The server has a problem, often with something it depends on; its message is shown."),
        todo=(
            lazy("Read its message and its log: a database, a key or another service may be missing."),
            lazy("If the message mentions a header or a setting, correct that in the configuration."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Cause.TOOLS_GONE: Advice(
        short=lazy("tools missing"),
        happened=lazy("It answers, but lists none of its previous tools."),
        cause=lazy("It may be a gateway whose backend is down; the tools below are the last known."),
        todo=(
            lazy("Check the gateway's backend and restart it."),
            lazy("If the tools are gone for good, refresh the tools: the second listing counts."),
            lazy("Add a functional check to notice this immediately."),
        ),
        acts=(Act.CHECK, Act.EDIT),
    ),
}
_STATUS = re.compile(r"HTTP \d{3}\b")


def advice(kind: Kind, cause: Cause | None = None) -> Advice:
    """The words for what exactly it was, or else for its kind."""
    return BY_CAUSE.get(cause, BY_KIND[kind]) if cause else BY_KIND[kind]


def in_short(kind: str, cause: str = "", message: str = "") -> str:
    """A word or two for a line of a list; an HTTP status is one, and needs no other."""
    if kind not in list(Kind):
        return kind
    status = _STATUS.match(message)
    if status and Kind(kind) is Kind.HTTP:
        return status[0]
    return str(advice(Kind(kind), Cause(cause) if cause in list(Cause) else None).short)
