"""Environment variables: each read as what it has to be; a value that cannot be right stops the start."""

from __future__ import annotations

import ssl
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

env = Env()


def fail(name: str, problem: str, remedy: str) -> ImproperlyConfigured:
    """What stops the start: which variable, what is wrong, what to do."""
    return ImproperlyConfigured(f"{name}: {problem}. {remedy}")


def port() -> int:
    """MCPSTORE_PORT."""
    try:
        port = env.int("MCPSTORE_PORT", 8000)
    except EnvError:
        port = -1
    if not 0 < port < 65536:
        raise fail("MCPSTORE_PORT", "is not a port number", "Set a whole number from 1 to 65535.")
    return port


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of *choices*."""
    value = env.str(name, default)
    if value not in choices:
        raise fail(name, f"{value!r} is not known", f"Set one of: {', '.join(choices)}.")
    return value


def zone(name: str) -> ZoneInfo:
    """A time zone by its name; UTC where nothing is set."""
    given = env.str(name, "") or "UTC"
    try:
        return ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fail(name, f"{given!r} is not a time zone", "Set a name such as Europe/Berlin.") from None


def flag(name: str) -> bool:
    """1 or 0; 0 where nothing is set."""
    try:
        return env.bool(name, False)
    except EnvError:
        raise fail(name, "is neither yes nor no", "Set 1 or 0.") from None


def whole(name: str, default: int, most: int, what: str, zero: str) -> int:
    """A number from 0 to *most* of *what*; *zero* says what 0 means."""
    try:
        number = env.int(name, default)
    except EnvError:
        number = -1
    if not 0 <= number <= most:
        raise fail(name, f"is not a number of {what}", f"Set a whole number; 0 is {zero}.")
    return number


def networks(name: str) -> tuple[str, ...]:
    """Networks, separated by commas."""
    try:
        return tuple(str(ip_network(item.strip())) for item in env.str(name, "").split(",") if item.strip())
    except ValueError as exc:
        raise fail(name, str(exc), "Set networks such as 10.0.0.0/8,192.168.1.0/24.") from None


def authorities(name: str) -> str:
    """The absolute path of a file with certificates; empty for none."""
    if not (given := env.str(name, "")):
        return ""
    path = Path(given).expanduser().absolute()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ssl.SSLError) as exc:
        why = exc.strerror or "cannot be read"
        if isinstance(exc, ssl.SSLError):
            why = "holds no certificates in PEM form"
        raise fail(name, f"{path} {why}", "Name a file of PEM certificates.") from None
    return str(path)
