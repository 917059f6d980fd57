"""Fetches what people ask of a registry: bounded, over the same guarded way as every other request."""

from __future__ import annotations

import asyncio

from lifecycle.core.timing.durations import span
from lifecycle.engine.context import EngineContext
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.session.faults.statuses import status_line
from lifecycle.engine.session.web.http import HttpMaker
from lifecycle.monitoring.settings import in_force
from registry.imports.catalog import operations
from registry.models import CatalogPage

LIMIT = 15.0
LARGEST = 4 * 1024 * 1024
AT_ONCE = 4


class Fetcher:
    """One per worker."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context

    async def look(self) -> None:
        """Fetch what is wanted; of several workers the first has it."""
        pages = await self._context.writer.do(operations.take, AT_ONCE)
        await asyncio.gather(*map(self._fetch, pages))

    async def look_up_daily(self) -> None:
        """Where the settings of monitoring say so: how the servers stand that services came from."""
        if in_force.get().registry_daily:
            await self._context.writer.do(
                self._context.fence.as_house, operations.renew_daily, self._context.clock()
            )

    async def _fetch(self, page: CatalogPage) -> None:
        text, error = await fetched(self._context.connector.http, page.address)
        await self._context.writer.write(operations.finish, page, text, error, self._context.clock())


async def fetched(maker: HttpMaker, address: str) -> tuple[str, str]:
    """The text at that address, or why there is none; never raises."""
    try:
        async with asyncio.timeout(LIMIT):
            return await _read(maker, address)
    except TimeoutError:
        return "", f"no answer within {span(LIMIT)}"
    except Exception as exc:  # a foreign boundary: whatever the registry does
        return "", classify(exc).message


async def _read(maker: HttpMaker, address: str) -> tuple[str, str]:
    async with (
        maker.client({"Accept": "application/json"}) as client,
        client.stream("GET", address) as response,
    ):
        if response.status_code != 200:
            return "", status_line(response.status_code)
        data = bytearray()
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > LARGEST:
                return "", "the answer is larger than 4 MiB and was not read"
        return data.decode("utf-8", "replace").replace("\0", ""), ""
