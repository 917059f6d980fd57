"""Of each kind of failure: what happened, its likely cause, what a person can do, and with which buttons."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.health import Kind
from lifecycle.core.inconclusive import Ours

Words = str | Promise


class Act(StrEnum):
    """What a person can do about it with one click; the first four are commands."""

    RECONNECT = "reconnect"
    RESTART = "restart"
    CHECK = "check"
    START = "start"
    EDIT = "edit"


ACT_WORDS: dict[Act, Words] = {
    Act.RECONNECT: lazy("Reconnect now"),
    Act.RESTART: lazy("Restart"),
    Act.CHECK: lazy("Check now"),
    Act.START: lazy("Start"),
    Act.EDIT: lazy("Edit configuration"),
}
EDIT_WORDS: dict[Kind, Words] = {
    Kind.AUTH: lazy("Put in a token"),
    Kind.POLICY: lazy("Review and save again"),
}

IN_SHORT: dict[Kind, Words] = {
    Kind.TIMEOUT: lazy("no answer"),
    Kind.REFUSED: lazy("refused"),
    Kind.DNS: lazy("unknown host"),
    Kind.TLS: lazy("bad certificate"),
    Kind.AUTH: lazy("needs sign-in"),
    Kind.HTTP: lazy("HTTP error"),
    Kind.PROTOCOL: lazy("not MCP"),
    Kind.CLOSED: lazy("cut off"),
    Kind.EXITED: lazy("process ended"),
    Kind.SPAWN: lazy("cannot start"),
    Kind.OVERSIZE: lazy("answer too large"),
    Kind.POLICY: lazy("not approved"),
    Kind.FUNCTION: lazy("check failed"),
}

UNSURE: dict[str, Words] = {
    Ours.SUSPENDED: lazy("the console's machine slept, or its worker was suspended"),
    Ours.CLOCK: lazy("the clock of the console's machine was set"),
    Ours.NETWORK: lazy("the console's machine has no network"),
    Ours.DATABASE: lazy("the console's database was busy"),
    Ours.SATURATED: lazy("the console itself had too much to do"),
}
"""Which fault of our own it was that a check proved nothing."""

UNSURE_TODO: dict[str, Words] = {
    Ours.NETWORK: lazy("Look at the network of the console's machine; the service is not to blame."),
    Ours.DATABASE: lazy("Look at the disk or the database server of the console if this lasts."),
    Ours.SATURATED: lazy("Give the console's machine more time, or check less often, if this lasts."),
}

HAPPENED: dict[Kind, Words] = {
    Kind.TIMEOUT: lazy("It did not answer in time."),
    Kind.REFUSED: lazy("Nobody answers at its address."),
    Kind.DNS: lazy("Its host name is not known."),
    Kind.TLS: lazy("Its certificate is not trusted."),
    Kind.AUTH: lazy("It needs sign-in: it is up, but does not let the console in."),
    Kind.HTTP: lazy("It answers with an HTTP error."),
    Kind.PROTOCOL: lazy("Its answer is not what MCP prescribes."),
    Kind.CLOSED: lazy("Its connection was cut."),
    Kind.EXITED: lazy("Its program ended by itself."),
    Kind.SPAWN: lazy("Its program cannot be started."),
    Kind.OVERSIZE: lazy("It sent more than the console accepts."),
    Kind.POLICY: lazy("Its configuration may not be used as it is."),
    Kind.FUNCTION: lazy("It answers, but its functional check failed."),
}

CAUSE: dict[Kind, Words] = {
    Kind.TIMEOUT: lazy("The server took the request and gave no answer in time: it hangs, or is overloaded."),
    Kind.REFUSED: lazy("Nothing listens at this address: the server is not running, or uses another port."),
    Kind.DNS: lazy("The host name is unknown: it is misspelt, or the name server does not answer."),
    Kind.TLS: lazy("The certificate cannot be trusted: expired, self-signed, or made for another name."),
    Kind.AUTH: lazy("The token is missing, wrong or expired, or the server wants a sign-in by browser."),
    Kind.HTTP: lazy("Something answers at this address, but not with MCP: a wrong path, or a proxy."),
    Kind.PROTOCOL: lazy("The answer is not the MCP we expect: another kind of server, or a broken one."),
    Kind.CLOSED: lazy("The connection was cut: the server restarted, or something between us closed it."),
    Kind.EXITED: lazy("The process ended by itself. Its last words stand in the message."),
    Kind.SPAWN: lazy("The command could not be started: not installed here, or not in the search path."),
    Kind.OVERSIZE: lazy(
        "The server sent more than we accept; we closed the connection to protect the others."
    ),
    Kind.POLICY: lazy("The configuration is not approved, or the rules of this console forbid it."),
    Kind.FUNCTION: lazy("The server is up, but the tool that its check calls fails or says something else."),
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
        lazy("Get a token from the server's owner or its web page, and put it in as a bearer token."),
        lazy("The console opens no browser: a sign-in by OAuth must be done elsewhere, for its token."),
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
    Kind.FUNCTION: (
        lazy("Call the tool by hand, below, with the same arguments, and read its answer."),
        lazy("If the answer is right, correct the text that the check expects."),
    ),
}

ACTS: dict[Kind, tuple[Act, ...]] = {
    Kind.TIMEOUT: (Act.RECONNECT, Act.RESTART),
    Kind.REFUSED: (Act.RECONNECT, Act.EDIT),
    Kind.DNS: (Act.EDIT, Act.RECONNECT),
    Kind.TLS: (Act.RECONNECT, Act.EDIT),
    Kind.AUTH: (Act.EDIT, Act.RECONNECT),
    Kind.HTTP: (Act.EDIT, Act.RECONNECT),
    Kind.PROTOCOL: (Act.EDIT, Act.RECONNECT),
    Kind.CLOSED: (Act.RECONNECT,),
    Kind.EXITED: (Act.RESTART, Act.EDIT),
    Kind.SPAWN: (Act.RESTART, Act.EDIT),
    Kind.OVERSIZE: (Act.RECONNECT,),
    Kind.POLICY: (Act.EDIT, Act.RECONNECT),
    Kind.FUNCTION: (Act.CHECK, Act.RESTART, Act.EDIT),
}
