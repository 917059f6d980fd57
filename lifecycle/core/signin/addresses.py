"""Which addresses may take part in a sign-in, and what is sent of a service's own. Pure."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from registry.core.entries.addresses import address_of


def bare(url: str) -> str:
    """The address of a service without what may be secret in it: user, password, query, fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def is_loopback(url: str) -> bool:
    """Whether it leads to this machine whatever a name server says."""
    host = host_of(url)
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def receives(public_url: str) -> bool:
    """Whether an authorization server sends people back to this address: https, or http on this machine."""
    return public_url.startswith("https://") or is_loopback(public_url)


def is_protected(url: str, service: str) -> bool:
    """Whether *url* may be told secrets: https, on this machine, or on the host of a service without TLS."""
    if url.startswith("https://") or is_loopback(url):
        return True
    return service.startswith("http://") and host_of(url) == host_of(service)


def with_query(url: str, given: dict[str, str]) -> str:
    """*url* with these added to whatever query it has."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(given)}"


def is_within(url: str, resource: str) -> bool:
    """Whether a token for *resource* may go to *url*: the same origin, and at or below its path."""
    here, there = urlsplit(bare(url)), urlsplit(resource)
    if (here.scheme.lower(), here.netloc.lower()) != (there.scheme.lower(), there.netloc.lower()):
        return False
    return f"{here.path.rstrip('/')}/".startswith(f"{there.path.rstrip('/')}/")
