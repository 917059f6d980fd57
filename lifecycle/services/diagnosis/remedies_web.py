"""The words for what goes wrong between the console and an address: TLS, HTTP, the wrong transport."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.answers.causes import Cause
from lifecycle.services.diagnosis.advice import Act, Advice

CHANGE = (Act.EDIT, Act.RECONNECT)
WAIT = (Act.RECONNECT,)
TLS: dict[Cause, Advice] = {
    Cause.TLS_TO_PLAIN: Advice(
        short=lazy("not https"),
        happened=lazy("Its address says https, but the port answers without TLS."),
        cause=lazy("The server speaks plain HTTP at this port, or https is offered at another one."),
        todo=(
            lazy("Write http:// in the URL if the server is on this machine or in a network that you trust."),
            lazy("Else use the port at which the server, or the proxy before it, offers https."),
        ),
        acts=CHANGE,
    ),
    Cause.PLAIN_TO_TLS: Advice(
        short=lazy("wants https"),
        happened=lazy("Its address says http, but the port speaks TLS."),
        cause=lazy("The server accepts only encrypted connections at this port."),
        todo=(lazy("Write https:// instead of http:// in the URL."),),
        acts=CHANGE,
    ),
    Cause.TLS_HANGS: Advice(
        short=lazy("no TLS answer"),
        happened=lazy("It takes the connection, but never answers the TLS handshake."),
        cause=lazy("What listens there does not speak TLS, hangs, or a firewall swallows encrypted traffic."),
        todo=(
            lazy(
                "Check on the console's machine: openssl s_client -connect host:port must show a certificate."
            ),
            lazy("If the server speaks plain HTTP, write http:// in the URL."),
        ),
        acts=CHANGE,
    ),
    Cause.CERT_EXPIRED: Advice(
        short=lazy("certificate expired"),
        happened=lazy("Its certificate has expired."),
        cause=lazy(
            "The certificate was not renewed in time, or the clock of the console's machine is wrong."
        ),
        todo=(
            lazy("Let the server's owner renew the certificate; many servers must be reloaded afterwards."),
            lazy("Check the date on the console's machine."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_NOT_YET: Advice(
        short=lazy("certificate too new"),
        happened=lazy("Its certificate is not valid yet."),
        cause=lazy("The clock of the console's machine is behind, or the certificate was made for later."),
        todo=(lazy("Check the date on the console's machine and on the server."),),
        acts=WAIT,
    ),
    Cause.CERT_SELF_SIGNED: Advice(
        short=lazy("self-signed"),
        happened=lazy("Its certificate is self-signed, so nobody vouches for it."),
        cause=lazy("The server made its certificate itself; no authority that is trusted here signed it."),
        todo=(
            lazy(
                "Put the certificate into a file and name it in MCPSTORE_CA_BUNDLE, then restart the console."
            ),
            lazy("Or give the server a certificate of an authority, from Let's Encrypt for example."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_UNKNOWN: Advice(
        short=lazy("unknown authority"),
        happened=lazy("Its certificate comes from an authority that is not known here."),
        cause=lazy(
            "A company's own authority signed it, or the server does not send the certificates between."
        ),
        todo=(
            lazy("Put the authority's root certificate into the file that MCPSTORE_CA_BUNDLE names."),
            lazy("If the authority is a public one, let the server send its whole chain (fullchain.pem)."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_WRONG_HOST: Advice(
        short=lazy("other name"),
        happened=lazy("Its certificate was made for another name than the one in the URL."),
        cause=lazy("The URL uses another name or an IP address, or another server answers there."),
        todo=(
            lazy("Use in the URL the name that stands in the certificate; the message may show it."),
            lazy("Or let the certificate be made for this name as well."),
        ),
        acts=CHANGE,
    ),
}
HTTP: dict[Cause, Advice] = {
    Cause.UNANSWERED: Advice(
        short=lazy("no connection"),
        happened=lazy("Nothing at all comes back from its address."),
        cause=lazy("The host is off, or a firewall drops the connection without a word."),
        todo=(
            lazy("Check that the host runs, and that its firewall lets the console in at this port."),
            lazy("Check the address in the URL; in a container, localhost is the container itself."),
        ),
        acts=CHANGE,
    ),
    Cause.PROXY: Advice(
        short=lazy("proxy refuses"),
        happened=lazy("The proxy between the console and the server refuses the connection."),
        cause=lazy("The proxy does not allow this host, wants a password, or does not reach the server."),
        todo=(
            lazy("Read the message: 407 means that the proxy wants a name and a password."),
            lazy("Correct MCPSTORE_HTTPS_PROXY or MCPSTORE_NO_PROXY, and restart the console."),
        ),
        acts=WAIT,
    ),
    Cause.REDIRECTED: Advice(
        short=lazy("redirects"),
        happened=lazy("It sends the console to another address, which is not followed."),
        cause=lazy("The server moved, wants https, or sends whoever is not signed in to a login page."),
        todo=(
            lazy("If the address in the message is the server's new one, put it into the URL."),
            lazy("If it is a login page, the server wants a token."),
        ),
        acts=CHANGE,
    ),
    Cause.NOT_FOUND: Advice(
        short=lazy("not found"),
        happened=lazy("The server is up, but knows no such path."),
        cause=lazy("The path of the URL is wrong, or the server was moved to another one."),
        todo=(
            lazy("Compare the path with the server's documentation; it often ends with /mcp or /sse."),
            lazy("If the path is right, try the other transport: SSE instead of streamable HTTP, or back."),
        ),
        acts=CHANGE,
    ),
    Cause.WANTS_SSE: Advice(
        short=lazy("wants SSE"),
        happened=lazy("It does not take streamable HTTP at this address."),
        cause=lazy("The server speaks the older transport, SSE, there."),
        todo=(
            lazy("Set the transport to SSE; in mcp.json: “type”: “sse”."),
            lazy("If the server offers streamable HTTP as well, it is at another path, often /mcp."),
        ),
        acts=CHANGE,
        edit=lazy("Change to SSE"),
        ask="?transport=sse",
    ),
    Cause.WANTS_STREAMABLE: Advice(
        short=lazy("wants streamable HTTP"),
        happened=lazy("It does not offer SSE at this address."),
        cause=lazy("The server speaks the newer transport, streamable HTTP, there."),
        todo=(
            lazy("Set the transport to streamable HTTP; in mcp.json: “type”: “http”."),
            lazy("If the server offers SSE as well, it is at another path, often /sse."),
        ),
        acts=CHANGE,
        edit=lazy("Change to streamable HTTP"),
        ask="?transport=streamable-http",
    ),
    Cause.THROTTLED: Advice(
        short=lazy("too many requests"),
        happened=lazy("It is up, but wants fewer requests."),
        cause=lazy("The server limits how often it may be asked, for this token or this address."),
        todo=(
            lazy("Usually nothing: the console waits as long as the server asks for."),
            lazy("If this lasts, raise the check interval in its policy, below, or ask for a higher limit."),
        ),
        acts=WAIT,
    ),
    Cause.SERVER_ERROR: Advice(
        short=lazy("server error"),
        happened=lazy("The server answers, but reports an error of its own."),
        cause=lazy("The server, or something that it needs, is broken or overloaded; the request is right."),
        todo=(
            lazy("Read the server's log at the time of the failure."),
            lazy("Tell the server's owner, with the status and text of the message."),
        ),
        acts=WAIT,
    ),
    Cause.GATEWAY: Advice(
        short=lazy("gateway error"),
        happened=lazy("A proxy answers in its place: the server behind it does not."),
        cause=lazy("The server behind the proxy is down, starting, or too slow for the proxy."),
        todo=(
            lazy("Look whether the server behind the proxy runs, and at the proxy's log."),
            lazy("After a deployment wait a minute; the console tries again by itself."),
        ),
        acts=WAIT,
    ),
    Cause.WEB_PAGE: Advice(
        short=lazy("a web page"),
        happened=lazy("A web page answers at its address, not an MCP server."),
        cause=lazy("The URL is that of a website, or of a login page before the server."),
        todo=(
            lazy(
                "Take the address for MCP from the server's documentation; it often ends with /mcp or /sse."
            ),
            lazy("If a login page stands before it, give the token or header that it asks for."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_ENDPOINT: Advice(
        short=lazy("no SSE endpoint"),
        happened=lazy("It opens an event stream, but does not say where messages are to be sent."),
        cause=lazy(
            "The stream is not that of MCP over SSE, or it names an address of another scheme, host or port."
        ),
        todo=(
            lazy("Look at the stream: curl -N with its URL must first show “event: endpoint” and a path."),
            lazy("Behind a proxy, set the server's public address (base URL) to the one in the URL here."),
        ),
        acts=CHANGE,
    ),
    Cause.HUNG_UP: Advice(
        short=lazy("hangs up"),
        happened=lazy("It takes the connection and ends it without an answer."),
        cause=lazy(
            "The server restarts or crashes on the request, or what listens at this port is no HTTP server."
        ),
        todo=(
            lazy("After a restart nothing: it reconnects by itself."),
            lazy("If this goes on, read the server's log, and compare the port with what it prints."),
            lazy("In a container the server must listen on 0.0.0.0, for nobody outside reaches localhost."),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Cause.NOT_HTTP: Advice(
        short=lazy("not HTTP"),
        happened=lazy("What answers at its address does not speak HTTP."),
        cause=lazy("The port is that of another kind of service, or one that takes HTTP/2 alone."),
        todo=(
            lazy("Compare the port in the URL with the server's documentation."),
            lazy("If the server takes HTTP/2 alone, let it, or a proxy before it, take HTTP/1.1 too."),
        ),
        acts=CHANGE,
    ),
    Cause.COMPRESSED: Advice(
        short=lazy("compressed answer"),
        happened=lazy("It compresses its answers, although it is asked not to."),
        cause=lazy("A proxy or a setting before the server compresses whatever passes; it is not read."),
        todo=(lazy("Turn compression off for the path of MCP, at the server or the proxy before it."),),
        acts=WAIT,
    ),
    Cause.VERSION: Advice(
        short=lazy("other MCP version"),
        happened=lazy("It speaks a version of MCP that the console does not."),
        cause=lazy(
            "The server is much newer or much older than this console; the message names its version."
        ),
        todo=(lazy("Update the older of the two."),),
        acts=WAIT,
    ),
}
WEB = {**TLS, **HTTP}
