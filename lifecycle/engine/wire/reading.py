"""One answer of HTTP/1.1 as it comes in, read by llhttp (httptools), with a limit for its head."""

from __future__ import annotations

import httptools
import httpx2

HEAD_LIMIT = 100 * 1024
# The words that h11 has for them, which `faults.breaks` knows.
NOT_HTTP = "illegal status line"
HEAD_TOO_LARGE = "Receive buffer too long"
NO_ANSWER = "Server disconnected without sending a response."
CUT = "peer closed connection without sending complete message body"
SPOILT = "the answer breaks the rules of HTTP"
FRAMED_BADLY = "Content-Length"
FRAMING = (b"content-length", b"transfer-encoding")
SWITCHING = 101


class Reading:
    """Fed with what comes over a connection; errors are RemoteProtocolError.

    `excess` says that more came than this answer, so that nothing else may be read from the connection.
    """

    __slots__ = (
        "_fed",
        "_framed",
        "_parser",
        "chunks",
        "complete",
        "excess",
        "head",
        "headers",
        "keeps",
        "size",
        "status",
    )

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        # As h11 reads them: lines that a line feed alone ends, and headers of several lines.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_data_after_close=True
        )
        self._fed = self.size = self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self._framed = self.head = self.complete = self.keeps = self.excess = False

    def feed(self, data: bytes) -> None:
        """Take what came."""
        if self._parser is None:
            self.excess = True
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.complete, self.keeps = self.head, False
        except httptools.HttpParserError as exc:
            if not self.complete:
                spoilt = self.head or FRAMED_BADLY in str(exc)
                raise httpx2.RemoteProtocolError(f"{SPOILT}: {exc}" if spoilt else NOT_HTTP) from exc
            self.excess = True
        if self.complete:
            self._parser = None
        self._fed += 0 if self.head else len(data)
        if self._fed > HEAD_LIMIT:
            raise httpx2.RemoteProtocolError(HEAD_TOO_LARGE)

    def ended(self) -> None:
        """Nothing more comes, which is too early but for a body that only this ends."""
        if self.complete:
            return
        if not self.head:
            raise httpx2.RemoteProtocolError(NO_ANSWER)
        if self._framed:
            raise httpx2.RemoteProtocolError(f"{CUT} (received {self.size} bytes)")
        self.complete, self._parser = True, None

    # -- called by the parser ---------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.excess = self.excess or self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head:  # what comes after the body is for nobody
            return
        self._fed += len(name) + len(value)
        self.headers.append((name, value))
        self._framed = self._framed or name.lower() in FRAMING

    def on_headers_complete(self) -> None:
        if self.head or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        self.head = self.status >= 200 or self.status == SWITCHING
        if not self.head:  # 1xx says only that the answer will come
            self.headers, self._framed = [], False

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.size += len(body)
            self.chunks.append(body)

    def on_message_complete(self) -> None:
        if self.head and not self.complete and self._parser is not None:
            self.complete = True
            self.keeps = self._parser.should_keep_alive()
