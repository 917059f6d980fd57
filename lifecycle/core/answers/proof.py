"""What an answer proves of the service that gave it: one table for every transport, era and phase. Pure.

An answer is what a server itself said, by a JSON-RPC error or by an HTTP status that means failure; a result
is life and needs no table. Who asks gets one `Proof`, and no other place looks at codes, statuses or words.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """`LIFE`: it lives, whatever becomes of the request. `GONE`: it lives and knows our session no more.

    `THROTTLED`: it lives and wants to be asked later. `SIGN_IN`: it does not let us in. `NOTHING`: a fault.
    """

    LIFE = "life"
    GONE = "session gone"
    THROTTLED = "throttled"
    SIGN_IN = "needs sign-in"
    NOTHING = "nothing"


class Phase(StrEnum):
    """What was going on: becoming connected, a check, a reading of the lists, a call of a tool."""

    CONNECT = "connect"
    CHECK = "check"
    LIST = "list"
    CALL = "call"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer as plain values.

    `status` is that of HTTP where the answer came by it, `code` that of the server's own JSON-RPC error,
    `words` what either says, `waits` that it names a time to come again, `in_session` that the request named
    a session of ours.
    """

    phase: Phase
    transport: str = "streamable-http"
    modern: bool = False
    in_session: bool = False
    status: int | None = None
    code: int | None = None
    words: str = ""
    waits: bool = False


INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS, INTERNAL_ERROR = -32600, -32601, -32602, -32603
UNSUPPORTED_VERSION, SESSION_EXPIRED, SESSION_UNKNOWN, BAD_REQUEST = -32022, -32005, -32001, -32000
ABOUT_THE_REQUEST = frozenset({UNKNOWN_METHOD, INVALID_PARAMS})
AT_THE_DOOR: frozenset[int | None] = frozenset(
    {None, INVALID_REQUEST, SESSION_EXPIRED, SESSION_UNKNOWN, BAD_REQUEST}
)
"""What a request is turned away with before anything of it runs; any other code may be that of a tool."""
OF_SESSIONS = frozenset({*range(-32099, -31999), INVALID_REQUEST})
"""The codes that servers choose themselves, and the one for what they do not want to hear."""

WEB = frozenset({"streamable-http", "sse"})
HELD = frozenset({Phase.CHECK, Phase.LIST, Phase.CALL})
REFUSALS, ILLNESSES = frozenset(range(400, 600)), frozenset(range(500, 600))
OF_PROXIES = frozenset({407})

_GONE = (
    r"\b(?:not found|could not find|can ?not find|unknown|unrecogni[sz]ed|invalid|no valid|no active|no such|"
    r"expired|timed out|terminated|closed|ended|gone|lost|missing|required|no longer|not exist|n't exist|"
    r"not initiali[sz]ed|deleted|removed)\b"
)
SESSION = re.compile(
    rf"{_GONE}.{{0,40}}session|session.{{0,40}}{_GONE}|server not initiali[sz]ed", re.IGNORECASE | re.DOTALL
)
VERSION = re.compile(r"unsupported (?:mcp )?protocol.?version", re.IGNORECASE)
_KEY = r"(?:api.?key|(?:access |bearer )?token|credentials?)"
AUTH = re.compile(
    r"\bunauthori[sz]ed\b|\bunauthenticated\b|\bnot (?:authenticated|logged in|signed in)\b|"
    r"\bauthentication (?:is )?(?:required|failed|needed)\b|\blog.?in required\b|"
    rf"\b(?:invalid|missing|wrong|incorrect|expired|bad|no) {_KEY}\b|"
    rf"\b{_KEY} (?:is |are |was |has |not )*(?:invalid|missing|wrong|incorrect|expired|required|provided)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; what it does not name it does not ask for.

    `codes` are those of JSON-RPC it wants and `but` those it does not, with None for no such error at all.
    """

    proof: Proof
    phases: AbstractSet[Phase] = frozenset(Phase)
    transports: AbstractSet[str] = frozenset({*WEB, "stdio"})
    modern: bool | None = None
    in_session: bool = False
    statuses: AbstractSet[int] | None = None
    codes: AbstractSet[int | None] | None = None
    but: AbstractSet[int | None] = frozenset()
    says: re.Pattern[str] | None = None
    waits: bool = False

    def fits(self, answer: Answer) -> bool:
        return (
            answer.phase in self.phases
            and answer.transport in self.transports
            and self.modern in (None, answer.modern)
            and (answer.in_session or not self.in_session)
            and (answer.waits or not self.waits)
            and (self.statuses is None or answer.status in self.statuses)
            and (self.codes is None or answer.code in self.codes)
            and answer.code not in self.but
            and (self.says is None or self.says.search(answer.words) is not None)
        )


P = Proof
CHECK, LIST, CALL = frozenset({Phase.CHECK}), frozenset({Phase.LIST}), frozenset({Phase.CALL})
TABLE: tuple[Row, ...] = (
    # The words say that the session is gone, or that its protocol is not spoken here any more. A tool may
    # speak of a session of its own, so of a call the code has to say it too. A program over stdio has no
    # session of the transport: only a bridge answers a check so, with the code of another's transport.
    Row(proof=P.GONE, phases=CHECK | LIST, statuses=REFUSALS, but=ABOUT_THE_REQUEST, says=SESSION),
    Row(proof=P.GONE, phases=CALL, statuses=REFUSALS - ILLNESSES, codes=AT_THE_DOOR, says=SESSION),
    Row(proof=P.GONE, phases=CHECK | LIST, transports=WEB, codes=OF_SESSIONS, says=SESSION),
    Row(proof=P.GONE, phases=CHECK, codes={INVALID_REQUEST, SESSION_EXPIRED, SESSION_UNKNOWN}, says=SESSION),
    Row(proof=P.GONE, phases=CALL, transports=WEB, codes={INVALID_REQUEST, SESSION_EXPIRED}, says=SESSION),
    Row(proof=P.GONE, phases=HELD, codes={UNSUPPORTED_VERSION}),
    Row(proof=P.GONE, phases=HELD, statuses={400}, says=VERSION),
    # It greeted us by `server/discover`: what does not know it now is another server, of an older protocol.
    Row(proof=P.GONE, phases=CHECK, transports=WEB, modern=True, codes={UNKNOWN_METHOD}),
    # Nobody is let in, or not so soon.
    Row(proof=P.SIGN_IN, statuses={401, 403}),
    Row(proof=P.SIGN_IN, codes=OF_SESSIONS | {INVALID_PARAMS, INTERNAL_ERROR}, says=AUTH),
    Row(proof=P.SIGN_IN, statuses=REFUSALS - ILLNESSES - OF_PROXIES, codes={None}, says=AUTH),
    Row(proof=P.THROTTLED, statuses={429}),
    Row(proof=P.THROTTLED, statuses={503}, waits=True),
    # By the protocol 404 means that the session is gone, unless it is the error of a request (a server of
    # 2026-07-28 answers `ping` so) or of a tool. 400 says of a check, which is always the same, that it is
    # not right now.
    Row(proof=P.GONE, phases=CHECK | LIST, in_session=True, statuses={404}, but=ABOUT_THE_REQUEST),
    Row(proof=P.GONE, phases=CALL, in_session=True, statuses={404}, codes=AT_THE_DOOR),
    Row(
        proof=P.GONE,
        phases=CHECK,
        in_session=True,
        statuses={400},
        codes={None, INVALID_REQUEST, BAD_REQUEST},
    ),
    # Whatever else is said in JSON-RPC is said by a server that lives, but for a status that says it is ill.
    Row(proof=P.NOTHING, statuses=ILLNESSES),
    Row(proof=P.LIFE, but={None}),
    Row(proof=P.NOTHING),
)
"""The first row that fits decides."""


def prove(answer: Answer) -> Proof:
    """What *answer* proves."""
    return next(row.proof for row in TABLE if row.fits(answer))


def never_ran(answer: Answer) -> bool:
    """Whether a call that was answered so did not run: it was turned away at the door, with its session."""
    at_the_door = answer.status in (400, 404) and answer.code in AT_THE_DOOR | {UNSUPPORTED_VERSION}
    return at_the_door and prove(answer) is Proof.GONE
