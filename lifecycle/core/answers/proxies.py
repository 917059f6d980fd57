"""Which addresses are reached through this installation's proxy, and which directly. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit


class BadProxyError(ValueError):
    """The address of a proxy cannot be used; the text says why, without its password."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """An HTTP proxy. `address` has no name and no password in it; `written` is the whole URL."""

    written: str = field(repr=False)
    address: str
    auth: tuple[str, str] | None = field(default=None, repr=False)
    direct: tuple[str, ...] = ()

    @classmethod
    def read(cls, written: str, direct: str = "") -> Proxy | None:
        """As the settings have it; None for no proxy. BadProxyError where it cannot be one."""
        if not written.strip():
            return None
        try:
            parts = urlsplit(written.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BadProxyError("is not a URL") from None
        if parts.scheme not in ("http", "https") or not host:
            raise BadProxyError("is not the URL of an HTTP proxy")
        where = f"[{host}]" if ":" in host else host
        address = f"{parts.scheme}://{where}:{port or (443 if parts.scheme == 'https' else 3128)}"
        auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        exempt = tuple(item.strip().lower() for item in direct.split(",") if item.strip())
        return cls(written=written.strip(), address=address, auth=auth, direct=exempt)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its password as it is and as it is written, and the user with it as HTTP has them."""
        if self.auth is None or not self.auth[1]:
            return ()
        userinfo = self.written.partition("://")[2].rpartition("@")[0]
        return (self.auth[1], userinfo.partition(":")[2], ":".join(self.auth), userinfo)

    def serves(self, scheme: str, host: str, port: int | None) -> bool:
        """Whether this address is reached through it: https, outside, and not among the exempt."""
        host = host.strip("[]").rstrip(".").lower()
        if scheme != "https" or not _outside(host):
            return False
        return not any(_covers(item, host, port or 443) for item in self.direct)


def _outside(host: str) -> bool:
    """A proxy leads out of the network: what is in it is reached without one."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _covers(item: str, host: str, port: int) -> bool:
    """Whether one item of NO_PROXY means this host: a name with all below it, an address, a network, `*`."""
    if item == "*":
        return True
    try:
        return ip_address(host) in ip_network(item, strict=False)
    except (ValueError, TypeError):
        pass
    name, colon, wanted = item.rpartition(":")
    if colon and wanted.isdigit():
        if int(wanted) != port:
            return False
        item = name
    item = item.removeprefix("*").removeprefix(".")
    return host == item or host.endswith(f".{item}")
