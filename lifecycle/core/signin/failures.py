"""Why a sign-in came to nothing: each reason has its own sentence on the page. Pure."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """Stored with the attempt; its words are in `lifecycle/signin/presenter.py`."""

    NOT_NEEDED = "not-needed"
    UNANSWERED = "unanswered"
    NO_METADATA = "no-metadata"
    WRONG_RESOURCE = "wrong-resource"
    WRONG_ISSUER = "wrong-issuer"
    NO_PKCE = "no-pkce"
    REFUSED_ADDRESS = "refused-address"
    REGISTRATION = "registration"
    NO_CLIENT = "no-client"
    CLIENT_UNKNOWN = "client-unknown"
    CONSENT_REFUSED = "consent-refused"
    AUTHORIZATION = "authorization"
    TOKEN = "token"  # noqa: S105
    TOO_LATE = "too-late"
    OURS = "ours"


class SignInError(Exception):
    """An attempt failed; `said` are the words of whoever refused, or the address that gave no answer."""

    def __init__(self, failure: Failure, said: str = "") -> None:
        super().__init__(f"{failure}: {said}")
        self.failure, self.said = failure, said
