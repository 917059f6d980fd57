"""Causes: what exactly it was, where the kind of a fault alone is too coarse for advice. Pure."""

from __future__ import annotations

import re
from enum import StrEnum


class Cause(StrEnum):
    """Stored with the fault and given over REST; its words are in `lifecycle/services/diagnosis`."""

    # A server that answers and yet does not serve.
    TOOLS_GONE = "tools-gone"
    # Stored values that cannot be read.
    FOREIGN_KEY = "foreign-key"
    # A program that cannot be started.
    NO_COMMAND = "no-command"
    NO_INTERPRETER = "no-interpreter"
    IS_DIRECTORY = "is-directory"
    NOT_EXECUTABLE = "not-executable"
    NOT_A_PROGRAM = "not-a-program"
    NO_WORKING_DIRECTORY = "no-working-dir"
    # A program that ended.
    NO_PACKAGE = "no-package"
    NO_REGISTRY = "no-registry"
    NO_MODULE = "no-module"
    NO_DOCKER = "no-docker"
    NO_MEMORY = "no-memory"
    PORT_TAKEN = "port-taken"
    WRONG_ARGUMENTS = "wrong-arguments"
    ENDED_QUIETLY = "ended-quietly"
    CRASHED = "crashed"
    # A program that says nothing, or nothing that is MCP.
    SILENT = "silent"
    DOWNLOADING = "downloading"
    OTHER_OUTPUT = "other-output"
    NOT_UTF8 = "not-utf8"
    # TLS.
    TLS_TO_PLAIN = "tls-to-plain"
    PLAIN_TO_TLS = "plain-to-tls"
    TLS_HANGS = "tls-hangs"
    CERT_EXPIRED = "cert-expired"
    CERT_NOT_YET = "cert-not-yet"
    CERT_SELF_SIGNED = "cert-self-signed"
    CERT_UNKNOWN = "cert-unknown"
    CERT_WRONG_HOST = "cert-wrong-host"
    # HTTP, and the way to it.
    UNANSWERED = "unanswered"
    PROXY = "proxy"
    REDIRECTED = "redirected"
    NOT_FOUND = "not-found"
    WANTS_SSE = "wants-sse"
    WANTS_STREAMABLE = "wants-http"
    THROTTLED = "throttled"
    SERVER_ERROR = "server-error"
    GATEWAY = "gateway"
    WEB_PAGE = "web-page"
    HUNG_UP = "hung-up"
    NOT_HTTP = "not-http"
    COMPRESSED = "compressed"
    # Sign-in by OAuth.
    NEEDS_SIGN_IN = "needs-sign-in"
    SIGN_IN_ENDED = "sign-in-ended"
    CONSENT_GONE = "consent-gone"
    CLIENT_UNKNOWN = "client-unknown"
    RENEWAL_CUT = "renewal-cut"
    MORE_SCOPE = "more-scope"
    ISSUER_AWAY = "issuer-away"
    # The protocol.
    VERSION = "version"
    NO_ENDPOINT = "no-endpoint"
    ANSWERS_ERROR = "answers-error"


_OF_ENDINGS: tuple[tuple[Cause, str], ...] = (
    (Cause.NO_MEMORY, r"out of memory|\bMemoryError\b|killed by SIGKILL"),
    (Cause.CRASHED, r"killed by SIG(?:SEGV|BUS|ILL|FPE|TRAP)"),
    (Cause.NO_DOCKER, r"Docker daemon|docker\.sock|podman\.sock"),
    (Cause.PORT_TAKEN, r"EADDRINUSE|address already in use"),
    (
        Cause.NO_REGISTRY,
        r"^npm E(?:CONN|NOTFOUND|AI_AGAIN|TIMEDOUT|SOCKET|NETUNREACH|HOSTUNREACH)|"
        r"error sending request|Failed to fetch: ",
    ),
    (
        Cause.NO_PACKAGE,
        r"^npm (?:E404|ETARGET|ENOVERSIONS)|not found in the (?:package registry|cache)|"
        r"could not determine executable|does not provide any executables|No matching distribution",
    ),
    (
        Cause.NO_MODULE,
        r"Cannot find (?:module|package)|No module named|ModuleNotFoundError|Can't locate \S+\.pm|"
        r"ClassNotFoundException|Unable to access jarfile|can't open file",
    ),
    (
        Cause.WRONG_ARGUMENTS,
        r"^usage:|arguments? (?:is|are) required|unrecognized arguments|"
        r"unknown (?:flag|option|argument|command)|invalid (?:option|choice)|"
        r"unexpected argument|unknown shorthand flag",
    ),
)
# 127 is what a shell or env ends with when the program that it should run is not there.
_BY_CODE: dict[int | None, Cause] = {0: Cause.ENDED_QUIETLY, 127: Cause.NO_COMMAND}
_ENDINGS = [(cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _OF_ENDINGS]


def of_ending(code: int | None, reason: str) -> Cause | None:
    """What the end of a program was about, by its exit code and the reason that it gave."""
    for cause, pattern in _ENDINGS:
        if pattern.search(reason):
            return cause
    return _BY_CODE.get(code)
