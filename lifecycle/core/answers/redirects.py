"""Which redirects of an MCP request are followed: within the origin, with method and body kept. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

MOST = 5
SIGN_IN = re.compile(
    r"/(?:log-?_?in|sign-?_?[io]n|auth|authori[sz]e|oauth2?|openid|sso|saml2?)(?:[/.]|$)", re.IGNORECASE
)
KEEPING = frozenset({307, 308})
ALWAYS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int | None]


def following(method: str, url: str, status: int, location: str) -> str | None:
    """Where the request goes next; None where it is not to be followed.

    301 to 303 would turn a POST into a GET without its message. Everything on the request was meant for one
    origin: another scheme, host or port gets none of it.
    """
    if status not in (ALWAYS if method == "GET" else KEEPING) or not location:
        return None
    target = _target(url, location)
    if target is None or target.username or target.password:
        return None
    source = urlsplit(url)
    if _origin(target) != _origin(source):
        return None
    return target._replace(netloc=source.netloc, fragment="").geturl()


def refusal(url: str, status: int, location: str) -> str:
    """Why a redirect is not followed and what to do about it; without what its address may hide."""
    target = _target(url, location)
    if target is None:
        return "redirects without a usable address; ask whoever runs the server for the right one"
    source, shown = urlsplit(url), _shown(target)
    if (source.scheme, target.scheme, source.hostname) == ("https", "http", target.hostname):
        secure = _shown(target._replace(scheme="https", netloc=source.netloc))
        return (
            f"redirects to {shown}, which is not followed, for that is not encrypted; the server "
            f"does not know of the proxy before it: try {secure} as its address"
        )
    within = _origin(target) == _origin(source)
    if SIGN_IN.search(target.path) and not (within and status in KEEPING):
        return f"redirects to {shown}, which looks like a sign-in page and is not followed"
    if not within:
        return (
            f"redirects to {shown}, another origin, which is not followed; if that is right, set that address"
        )
    if status in KEEPING:
        return f"redirects without end, last to {shown}; whoever runs the server has to fix that"
    return f"redirects to {shown}, which is not followed; set that address"


def elsewhere(url: str, status: int, location: str) -> str:
    """The address that may be the right one; empty for none, a sign-in page, and one that hides something."""
    target = _target(url, location)
    if target is None or target.scheme not in _PORTS or target.query or target.username or target.password:
        return ""
    if SIGN_IN.search(target.path) and not (_origin(target) == _origin(urlsplit(url)) and status in KEEPING):
        return ""
    return _shown(target)


def _target(url: str, location: str) -> SplitResult | None:
    try:
        target = urlsplit(urljoin(url, location))
        return target if _origin(target)[1] else None
    except ValueError:
        return None


def _origin(parts: SplitResult) -> Origin:
    """Raises ValueError for a port that is none."""
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _shown(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def path_of(url: str) -> str:
    """The path of an address, for showing where it leads to within its origin."""
    return urlsplit(url).path or "/"
