"""Real receivers of mails and webhooks that remember what came."""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from standardwebhooks.webhooks import Webhook

from tests.support.certificates import TestCertificate
from tests.support.ports import free_port


class SmtpReceiver:
    """An SMTP server on a port of its own, with TLS by STARTTLS or from the first byte (*implicit*).

    `refused` are the recipients that it does not take, with its answers. `secured` says of each message
    whether it came over TLS, `signed_in` who signed in.
    """

    def __init__(self, tls: TestCertificate | None = None, *, implicit: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: dict[str, str] = {}
        self.secured: list[bool] = []
        self.signed_in: list[str] = []
        self.port = free_port()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if tls else None
        if context and tls:
            context.load_cert_chain(tls.certificate, tls.key)
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="localhost",
            ssl_context=context if implicit else None,
            tls_context=None if implicit else context,
            authenticator=self._sign_in,
            auth_require_tls=False,
        )

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def _sign_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.signed_in.append(data.login.decode())
        return AuthResult(success=True)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.messages.append(message)
        self.secured.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 taken"

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.messages]

    def __enter__(self) -> Self:
        self.controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.controller.stop()


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class WebhookReceiver:
    """An HTTP server that answers `status` to each POST; 0 means it never answers."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._verified: dict[str, list[dict[str, Any]]] = {}
        self.status = 204
        self.answer_headers: dict[str, str] = {}
        self.stopping = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # the sender was killed in the middle of it
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append(Received(path=handler.path, headers=headers, body=body))
        if self.status == 0:
            self.stopping.wait()
            return
        handler.send_response(self.status)
        for name, value in self.answer_headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """The bodies of all requests, each one's signature checked once, as a receiver would.

        It checks the age, too: a test that goes on for minutes asks in between.
        """
        seen = self._verified.setdefault(secret, [])
        for request in self.requests[len(seen) :]:
            seen.append(Webhook(secret).verify(request.body, request.headers))
        return list(seen)

    def ids(self) -> list[str]:
        return [request.id for request in list(self.requests)]

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
