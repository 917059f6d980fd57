"""Which addresses the console may reach, decided on the address that is really connected to.

The name is looked up here once and the connection goes to the address found, so that a second answer of
the name server cannot lead elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from ipaddress import ip_address

from registry.core.entries.addresses import Rule as Rule
from registry.core.entries.addresses import refusal as refusal


class EgressRefusedError(Exception):
    """The address may not be reached; the text says which, why and what an admin can do."""


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _look_up_aside(host: str, port: int) -> list[str]:
    """Ask the system's resolver in a thread of its own, which cannot hold up others nor our exit."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(result: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def run() -> None:
        result: list[str] | OSError
        try:
            result = _look_up(host, port)
        except OSError as exc:
            result = exc
        except UnicodeError as exc:
            result = socket.gaierror(socket.EAI_NONAME, f"not a host name ({exc})")
        # The loop may be closed by the time a slow name server answers.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name="name-lookup", daemon=True).start()
    return await answer


async def resolve(host: str, port: int, rule: Rule) -> list[str]:
    """The addresses of *host* that may be reached, for connecting to them and to nothing else.

    Raises EgressRefusedError when none may, and socket.gaierror when the name is not known.
    """
    try:
        addresses = [str(ip_address(host.strip("[]")))]
    except ValueError:
        addresses = await _look_up_aside(host, port)
    refusals = {address: refusal(address, rule) for address in addresses}
    allowed = [address for address, why in refusals.items() if why is None]
    if not allowed:
        raise EgressRefusedError("; ".join(sorted({why for why in refusals.values() if why})))
    return allowed
