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
from lifecycle.services.diagnosis.remedies_web import WEB

ACT_WORDS: dict[Act, Words] = {
    Act.RECONNECT: lazy("Reconnect now"),
    Act.RESTART: lazy("Restart"),
    Act.CHECK: lazy("Check now"),
    Act.START: lazy("Start"),
    Act.EDIT: lazy("Edit configuration"),
}

UNSURE: dict[str, Words] = {
    Ours.SUSPENDED: lazy("the console's machine slept, or its worker was suspended"),
    Ours.CLOCK: lazy("the clock of the console's machine was set"),
    Ours.NETWORK: lazy("the console's machine has no network"),
    Ours.DATABASE: lazy("the console's database was busy"),
    Ours.SATURATED: lazy("the console itself had too much to do"),
}
"""Why a check was inconclusive."""

UNSURE_TODO: dict[str, Words] = {
    Ours.NETWORK: lazy("Check the network of the console's machine. The service is not the cause."),
    Ours.DATABASE: lazy("Check the console's disk or database server if this lasts."),
    Ours.SATURATED: lazy("Give the console's machine more CPU, or a longer check interval, if this lasts."),
}

BY_KIND: dict[Kind, Advice] = {
    Kind.TIMEOUT: Advice(
        short=lazy("no answer"),
        happened=lazy("It did not answer in time."),
        cause=lazy("The server hangs or is overloaded: it took the request and sent no answer."),
        todo=(
            lazy("Look at the server's load and its log."),
            lazy("Restart the server if it hangs."),
            lazy("If it is always this slow, raise the timeouts in its policy, below."),
        ),
        acts=(Act.RECONNECT, Act.RESTART),
    ),
    Kind.REFUSED: Advice(
        short=lazy("refused"),
        happened=lazy("Nothing listens at its address."),
        cause=lazy("The server is not running, listens on another port, or a firewall is in the way."),
        todo=(
            lazy("Start the server, then reconnect."),
            lazy("Compare host and port of the URL with what the server prints when it starts."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Kind.DNS: Advice(
        short=lazy("unknown host"),
        happened=lazy("Its host name is not known."),
        cause=lazy(
            "The host name is misspelt, or the name server of the console's machine does not know it."
        ),
        todo=(
            lazy("Correct the host name in the URL."),
            lazy("Look the name up on the console's machine: many names are known only inside a network."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.TLS: Advice(
        short=lazy("TLS failed"),
        happened=lazy("No encrypted connection could be made."),
        cause=lazy("Server and console did not agree on TLS, or something between them interferes."),
        todo=(
            lazy("Read the message: it holds the words of the TLS library."),
            lazy("Check the port of the URL, and that the server offers TLS 1.2 or newer."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Kind.AUTH: Advice(
        short=lazy("needs sign-in"),
        happened=lazy("It needs sign-in: it is up, but does not let the console in."),
        cause=lazy("The token is missing, wrong or expired, or the server wants a sign-in by browser."),
        todo=(
            lazy("Get a token from the server's owner or its web page, and put it in as a bearer token."),
            lazy("The console cannot sign in by browser yet: get the OAuth token elsewhere."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
        edit=lazy("Put in a token"),
    ),
    Kind.HTTP: Advice(
        short=lazy("HTTP error"),
        happened=lazy("It answers with an HTTP error."),
        cause=lazy("The server, or a proxy before it, does not accept the request as it is."),
        todo=(
            lazy("Read the message: it holds the status and what the server says."),
            lazy("Compare the URL and the headers with the server's documentation."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.PROTOCOL: Advice(
        short=lazy("not MCP"),
        happened=lazy("Its answer is not what MCP prescribes."),
        cause=lazy("Another kind of server answers there, or this one has a bug."),
        todo=(
            lazy("Check that the URL or command is that of an MCP server, and the transport the right one."),
            lazy("Update the server."),
        ),
        acts=(Act.EDIT, Act.RECONNECT),
    ),
    Kind.CLOSED: Advice(
        short=lazy("cut off"),
        happened=lazy("Its connection was cut."),
        cause=lazy("The server restarted, or something between it and the console closed the connection."),
        todo=(lazy("Usually nothing: it reconnects automatically. If this goes on, read the server's log."),),
        acts=(Act.RECONNECT,),
    ),
    Kind.EXITED: Advice(
        short=lazy("process ended"),
        happened=lazy("Its program ended by itself."),
        cause=lazy("The message has the exit code and what the program gave as its reason."),
        todo=(
            lazy("Read the message: often an argument, an environment variable or a file is missing."),
            lazy("Run the command by hand on the console's machine, as the console's user."),
        ),
        acts=(Act.RESTART, Act.EDIT),
    ),
    Kind.SPAWN: Advice(
        short=lazy("cannot start"),
        happened=lazy("Its program cannot be started."),
        cause=lazy("The operating system refused to start the command; the message has its word for it."),
        todo=(
            lazy("Try the command on the console's machine, as the console's user."),
            lazy("Check the command and its arguments."),
        ),
        acts=(Act.RESTART, Act.EDIT),
    ),
    Kind.OVERSIZE: Advice(
        short=lazy("answer too large"),
        happened=lazy("It sent more than the console accepts."),
        cause=lazy("The server sent more than the limit; it was cut off to protect the other services."),
        todo=(lazy("Make the server send less: fewer tools, shorter answers."),),
        acts=(Act.RECONNECT,),
    ),
    Kind.POLICY: Advice(
        short=lazy("not approved"),
        happened=lazy("Its configuration may not be used as it is."),
        cause=lazy("The configuration is not approved, or the rules of this console forbid it."),
        todo=(lazy("An admin can register the service again and so approve it, or change the rule."),),
        acts=(Act.EDIT, Act.RECONNECT),
        edit=lazy("Review and save again"),
    ),
    Kind.FUNCTION: Advice(
        short=lazy("check failed"),
        happened=lazy("It answers, but its functional check failed."),
        cause=lazy("The server is up, but the tool that its check calls fails or says something else."),
        todo=(
            lazy("Call the tool by hand, below, with the same arguments, and read its answer."),
            lazy("If the answer is right, correct the text that the check expects."),
        ),
        acts=(Act.CHECK, Act.RESTART, Act.EDIT),
    ),
}
BY_CAUSE: dict[Cause, Advice] = {
    **PROGRAMS,
    **WEB,
    Cause.FOREIGN_KEY: Advice(
        short=lazy("key missing"),
        happened=lazy("Its stored values cannot be read."),
        cause=lazy("The console's secrets.key is missing, or is not the one of this database."),
        todo=(
            lazy("Put the right secrets.key back into the data directory, and start the console again."),
            lazy("Do not save or retype values before that: the configuration itself is fine."),
        ),
        acts=(Act.RECONNECT,),
    ),
    Cause.ANSWERS_ERROR: Advice(
        short=lazy("answers with an error"),
        happened=lazy("It speaks MCP, but answers with an error before it can be used."),
        cause=lazy("The server is in trouble, often over something that it needs; its words are shown."),
        todo=(
            lazy("Read what it says, and its log: a database, a key or another service may be missing."),
            lazy("If it speaks of a header or a setting, correct that in the configuration."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Cause.TOOLS_GONE: Advice(
        short=lazy("tools gone"),
        happened=lazy("It answers, but lists none of the tools that it had."),
        cause=lazy("It may be a gateway whose backend is down; the tools shown below are the last known."),
        todo=(
            lazy("Look at the backend of the gateway, and start it again."),
            lazy("If the tools are gone for good, refresh the tools: the second reading counts."),
            lazy("Add a functional check, so that this is noticed at once."),
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
