"""What goes through the proxy and what does not."""

from __future__ import annotations

import pytest

from lifecycle.core.answers.proxies import BadProxyError, Proxy


def proxy(direct: str = "") -> Proxy:
    found = Proxy.read("http://proxy.example:3128", direct)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("direct", "url", "served"),
    [
        ("", ("https", "mcp.example", None), True),
        ("", ("http", "mcp.example", None), False),
        ("", ("https", "localhost", 8443), False),
        ("", ("https", "127.0.0.1", None), False),
        ("", ("https", "10.1.2.3", None), False),
        ("", ("https", "[fd00::1]", None), False),
        ("", ("https", "8.8.8.8", None), True),
        ("*", ("https", "mcp.example", None), False),
        ("mcp.example", ("https", "MCP.example.", None), False),
        ("example", ("https", "mcp.example", None), False),
        (".example", ("https", "mcp.example", None), False),
        ("*.example", ("https", "mcp.example", None), False),
        ("xample", ("https", "mcp.example", None), True),
        ("mcp.example:8443", ("https", "mcp.example", None), True),
        ("mcp.example:8443", ("https", "mcp.example", 8443), False),
        ("8.8.0.0/16, other", ("https", "8.8.8.8", None), False),
    ],
)
def test_https_goes_through_the_proxy_unless_it_stays_inside_or_is_exempt(
    direct: str, url: tuple[str, str, int | None], served: bool
) -> None:
    assert proxy(direct).serves(*url) is served


@pytest.mark.parametrize("written", ["proxy:3128", "socks5://proxy:1080", "http://", "http://proxy:none"])
def test_what_is_no_http_proxy_is_refused(written: str) -> None:
    with pytest.raises(BadProxyError):
        Proxy.read(written)


def test_a_password_of_the_proxy_is_kept_apart_from_its_address() -> None:
    found = Proxy.read("http://user:p%40ss@proxy.example")
    assert found is not None
    assert (found.address, found.auth) == ("http://proxy.example:3128", ("user", "p@ss"))
    assert "p%40ss" not in repr(found) and "p@ss" not in repr(found)
    assert Proxy.read(" ") is None
