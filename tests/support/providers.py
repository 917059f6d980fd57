"""Providers of messages for tests that have no event loop of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager

from tests.doubles.provider import Provider, provider
from tests.support.bench import Bench
from tests.support.provider_answers import SPOKEN


@contextmanager
def providers(bench: Bench, kinds: Iterable[str]) -> Iterator[dict[str, Provider]]:
    """One of each kind, in the bench's event loop; it takes everything."""
    stack, found = AsyncExitStack(), dict[str, Provider]()
    try:
        for kind in kinds:
            found[kind] = bench.call(stack.enter_async_context(provider()))
            found[kind].replies = [SPOKEN[kind].yes[0]]
        yield found
    finally:
        bench.call(stack.aclose())
