"""What a browser keeps of what was chosen in it: language, time zone, theme."""

from __future__ import annotations

from django.http import HttpResponse

YEAR = 365 * 24 * 3600


def remember(response: HttpResponse, name: str, value: str, *, secure: bool) -> None:
    """Keep a value in this browser for a year; no script reads it."""
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=secure, httponly=True)
