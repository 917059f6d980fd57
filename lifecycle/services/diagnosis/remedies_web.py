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
        happened=lazy("Its URL says https, but the port answers without TLS."),
        cause=lazy("The server speaks plain HTTP on this port, or offers https on another one."),
        todo=(
            lazy("Use http:// in the URL if the server is on this machine or in a network that you trust."),
            lazy("Otherwise use the port on which the server, or the proxy in front of it, offers https."),
        ),
        acts=CHANGE,
    ),
    Cause.PLAIN_TO_TLS: Advice(
        short=lazy("requires https"),
        happened=lazy("Its URL says http, but the port speaks TLS."),
        cause=lazy("The server accepts only encrypted connections on this port."),
        todo=(lazy("Use https:// instead of http:// in the URL."),),
        acts=CHANGE,
    ),
    Cause.TLS_HANGS: Advice(
        short=lazy("no TLS response"),
        happened=lazy("It accepts the connection, but never completes the TLS handshake."),
        cause=lazy("What listens there does not speak TLS or hangs, or a firewall drops encrypted traffic."),
        todo=(
            lazy(
                "Check on the console's machine: openssl s_client -connect host:port must show a certificate."
            ),
            lazy("If the server speaks plain HTTP, use http:// in the URL."),
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
            lazy(
                "Ask the server's owner to renew the certificate; many servers must be reloaded afterwards."
            ),
            lazy("Check the date on the console's machine."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_NOT_YET: Advice(
        short=lazy("certificate too new"),
        happened=lazy("Its certificate is not valid yet."),
        cause=lazy(
            "The clock of the console's machine is slow, or the certificate is valid only from a later date."
        ),
        todo=(lazy("Check the date on the console's machine and on the server."),),
        acts=WAIT,
    ),
    Cause.CERT_SELF_SIGNED: Advice(
        short=lazy("self-signed"),
        happened=lazy("Its certificate is self-signed and not trusted."),
        cause=lazy("The server created its own certificate; no authority trusted here signed it."),
        todo=(
            lazy(
                "Save the certificate to a file and set MCPSTORE_CA_BUNDLE to its path, then restart "
                "the console."
            ),
            lazy("Or use a certificate from an authority, such as Let's Encrypt."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_UNKNOWN: Advice(
        short=lazy("unknown authority"),
        happened=lazy("Its certificate comes from an unknown authority."),
        cause=lazy(
            "A private authority signed it, or the server does not send the intermediate certificates."
        ),
        todo=(
            lazy("Add the authority's root certificate to the file named by MCPSTORE_CA_BUNDLE."),
            lazy("If the authority is public, configure the server to send its full chain (fullchain.pem)."),
        ),
        acts=WAIT,
    ),
    Cause.CERT_WRONG_HOST: Advice(
        short=lazy("wrong host name"),
        happened=lazy("Its certificate does not match the host name in the URL."),
        cause=lazy("The URL uses another name or an IP address, or a different server answers there."),
        todo=(
            lazy("Use the name in the certificate in the URL; the message may show it."),
            lazy("Or get a certificate that includes this name."),
        ),
        acts=CHANGE,
    ),
}
HTTP: dict[Cause, Advice] = {
    Cause.UNANSWERED: Advice(
        short=lazy("no connection"),
        happened=lazy("There is no reply at all from its address."),
        cause=lazy("The host is off, or a firewall silently drops the connection."),
        todo=(
            lazy("Check that the host is running and that its firewall allows the console on this port."),
            lazy("Check the address in the URL; in a container, localhost is the container itself."),
        ),
        acts=CHANGE,
    ),
    Cause.PROXY: Advice(
        short=lazy("refused by proxy"),
        happened=lazy("The proxy between the console and the server refuses the connection."),
        cause=lazy("The proxy does not allow this host, requires a password, or cannot reach the server."),
        todo=(
            lazy("Read the message: 407 means that the proxy requires a user name and password."),
            lazy("Correct MCPSTORE_HTTPS_PROXY or MCPSTORE_NO_PROXY, then restart the console."),
        ),
        acts=WAIT,
    ),
    Cause.REDIRECTED: Advice(
        short=lazy("redirects"),
        happened=lazy("It redirects to another address, which is not followed."),
        cause=lazy("The server has moved, requires https, or redirects to a login page."),
        todo=(
            lazy("If the address in the message is the server's new one, use it in the URL."),
            lazy("If it is a login page, the server requires a token."),
        ),
        acts=CHANGE,
    ),
    Cause.NOT_FOUND: Advice(
        short=lazy("not found"),
        happened=lazy("The server is up, but this path does not exist."),
        cause=lazy("The path in the URL is wrong, or the server has moved to another one."),
        todo=(
            lazy("Compare the path with the server's documentation; it often ends with /mcp or /sse."),
            lazy(
                "If the path is right, try the other transport: SSE instead of streamable HTTP, or vice "
                "versa."
            ),
        ),
        acts=CHANGE,
    ),
    Cause.WANTS_SSE: Advice(
        short=lazy("requires SSE"),
        happened=lazy("It does not support streamable HTTP at this address."),
        cause=lazy("The server uses the older transport, SSE, there."),
        todo=(
            lazy('Set the transport to SSE; in mcp.json: "type": "sse".'),
            lazy("If the server also offers streamable HTTP, it is at another path, often /mcp."),
        ),
        acts=CHANGE,
        edit=lazy("Change to SSE"),
        ask="?transport=sse",
    ),
    Cause.WANTS_STREAMABLE: Advice(
        short=lazy("requires streamable HTTP"),
        happened=lazy("It does not support SSE at this address."),
        cause=lazy("The server uses the newer transport, streamable HTTP, there."),
        todo=(
            lazy('Set the transport to streamable HTTP; in mcp.json: "type": "http".'),
            lazy("If the server also offers SSE, it is at another path, often /sse."),
        ),
        acts=CHANGE,
        edit=lazy("Change to streamable HTTP"),
        ask="?transport=streamable-http",
    ),
    Cause.THROTTLED: Advice(
        short=lazy("too many requests"),
        happened=lazy("It is up, but limits requests."),
        cause=lazy("The server limits requests for this token or address."),
        todo=(
            lazy("Usually nothing: the console waits as long as the server asks."),
            lazy(
                "If this persists, increase the check interval in its policy, below, or request a higher "
                "limit."
            ),
        ),
        acts=WAIT,
    ),
    Cause.SERVER_ERROR: Advice(
        short=lazy("server error"),
        happened=lazy("The server responds, but reports an internal error."),
        cause=lazy("The server or something it depends on is broken or overloaded; the request is right."),
        todo=(
            lazy("Read the server's log at the time of the failure."),
            lazy("Report it to the server's owner, with the status and text of the message."),
        ),
        acts=WAIT,
    ),
    Cause.GATEWAY: Advice(
        short=lazy("gateway error"),
        happened=lazy("A proxy responds in its place: the server behind it does not."),
        cause=lazy("The server behind the proxy is down, starting, or too slow for the proxy."),
        todo=(
            lazy("Check that the server behind the proxy is running, and read the proxy's log."),
            lazy("After a deployment, wait a minute; the console retries automatically."),
        ),
        acts=WAIT,
    ),
    Cause.WEB_PAGE: Advice(
        short=lazy("web page"),
        happened=lazy("A web page answers at its address, not an MCP server."),
        cause=lazy("The URL belongs to a website, or to a login page in front of the server."),
        todo=(
            lazy("Get the MCP address from the server's documentation; it often ends with /mcp or /sse."),
            lazy("If there is a login page in front of it, enter the token or header that it requires."),
        ),
        acts=CHANGE,
    ),
    Cause.NO_ENDPOINT: Advice(
        short=lazy("no SSE endpoint"),
        happened=lazy("It opens an event stream, but does not say where to send messages."),
        cause=lazy(
            "The stream is not MCP over SSE, or it names an address with another scheme, host or port."
        ),
        todo=(
            lazy("Check the stream: curl -N with its URL must first show “event: endpoint” and a path."),
            lazy("Behind a proxy, set the server's public address (base URL) to the one in the URL here."),
        ),
        acts=CHANGE,
    ),
    Cause.HUNG_UP: Advice(
        short=lazy("closes the connection"),
        happened=lazy("It accepts the connection and closes it without a response."),
        cause=lazy(
            "The server restarts or crashes on the request, or what listens on this port is not an "
            "HTTP server."
        ),
        todo=(
            lazy("After a restart, nothing: it reconnects automatically."),
            lazy("If it keeps happening, read the server's log, and compare the port with what it prints."),
            lazy(
                "In a container, the server must listen on 0.0.0.0: localhost is not reachable from outside."
            ),
        ),
        acts=(Act.RECONNECT, Act.EDIT),
    ),
    Cause.NOT_HTTP: Advice(
        short=lazy("not HTTP"),
        happened=lazy("What answers at its address does not speak HTTP."),
        cause=lazy("The port belongs to another kind of service, or one that accepts only HTTP/2."),
        todo=(
            lazy("Compare the port in the URL with the server's documentation."),
            lazy(
                "If the server accepts only HTTP/2, let it, or a proxy in front of it, accept HTTP/1.1 too."
            ),
        ),
        acts=CHANGE,
    ),
    Cause.COMPRESSED: Advice(
        short=lazy("compressed response"),
        happened=lazy("It compresses its responses, although the console asks it not to."),
        cause=lazy(
            "A proxy or a setting in front of the server compresses everything; the console does not read "
            "that."
        ),
        todo=(lazy("Disable compression for the MCP path, at the server or the proxy in front of it."),),
        acts=WAIT,
    ),
    Cause.VERSION: Advice(
        short=lazy("unsupported MCP version"),
        happened=lazy("It uses a version of MCP that the console does not support."),
        cause=lazy("The server is much newer or older than this console; the message has its version."),
        todo=(lazy("Update the older of the two."),),
        acts=WAIT,
    ),
}
WEB = {**TLS, **HTTP}
