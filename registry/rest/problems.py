"""Errors as the REST API gives them: `{"error": {"code", "message", "where"?}}`."""

from __future__ import annotations

from typing import Any

from ninja.errors import HttpError

from registry.installation.sentences import said

CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "not_possible",
    413: "too_large",
    422: "invalid",
    429: "too_many_requests",
    504: "timeout",
}


class ProblemError(HttpError):
    """A refusal with its own status and code; *where* names the part of the request that is wrong."""

    def __init__(self, status: int, message: str, *, code: str = "", where: str = "") -> None:
        self.code, self.where = code or code_of(status), where
        super().__init__(status, message)


def code_of(status: int) -> str:
    """The code of a status that has no better one."""
    return CODES.get(status, "error")


def error(code: str, message: str, where: str = "") -> dict[str, str]:
    """What stands under `error`; the message in the language that was asked for."""
    return {"code": code, "message": said(message)} | ({"where": where} if where else {})


def answer(code: str, message: str, where: str = "") -> dict[str, Any]:
    """A whole error answer."""
    return {"error": error(code, message, where)}
