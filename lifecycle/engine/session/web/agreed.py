"""What a session was made of, kept small while nothing but checks goes on."""

from __future__ import annotations

from mcp_types import DiscoverResult, InitializeResult

from lifecycle.engine.session.session import Session


class Agreed:
    """The server's greeting as text, and which arguments of its tools travel as headers."""

    __slots__ = ("_headers", "_modern", "_text")

    def __init__(self, session: Session) -> None:
        greeted = session.discover_result or session.initialize_result
        assert greeted is not None
        self._modern = session.discover_result is not None
        self._text = greeted.model_dump_json(by_alias=True, exclude_none=True).encode()
        self._headers = session.headers_of_tools()

    def take_up(self, session: Session) -> None:
        """Let a new session of the SDK go on as if it had greeted the server itself; nothing is sent."""
        kind = DiscoverResult if self._modern else InitializeResult
        session.adopt(kind.model_validate_json(self._text, by_name=False))
        session.know_headers(self._headers)
