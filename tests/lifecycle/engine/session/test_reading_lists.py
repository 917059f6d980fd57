"""What comes of lists and results that are odd, over real connections."""

from __future__ import annotations

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import ConnectionFault
from tests.doubles.fault_server import FaultServer
from tests.support.holding import Holder, http

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


@pytest.mark.parametrize(
    ("mode", "names", "note"),
    [
        ("still-cursor", ["a-1", "b-1"], "stood still"),
        ("empty-cursor", ["a-1", "b-1", "a-2", "b-2"], ""),
        ("empty-end-cursor", ["a-1", "b-1"], ""),
        ("number-cursor", ["a-1", "b-1"], "is not a string"),
    ],
)
@ERAS
async def test_each_tool_is_listed_once_however_the_cursors_behave(
    holder: Holder, era: str, mode: str, names: list[str], note: str
) -> None:
    async with FaultServer(mode, era) as server:
        content = await (await holder.open(http(server.url))).content(2)
    assert [(tool.name, tool.problem) for tool in content.tools] == [(name, "") for name in names]
    assert note in "".join(content.notes)
    assert bool(content.notes) is bool(note)


@pytest.mark.parametrize("kind", ["task", "partial"])
async def test_a_result_of_an_unknown_type_is_an_error_that_names_it(holder: Holder, kind: str) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        server.mode = f"result-{kind}"
        outcome = await connection.call_tool("echo", {"message": "hi"}, 2)
        assert not outcome.ok
        assert f'"{kind}"' in outcome.error
        with pytest.raises(ConnectionFault) as caught:
            await connection.content(2)
        assert caught.value.fault.kind is Kind.PROTOCOL
        assert f'"{kind}"' in caught.value.fault.message
        server.mode = "ok"
        assert (await connection.call_tool("echo", {"message": "hi"}, 2)).ok
