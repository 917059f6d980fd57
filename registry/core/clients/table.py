"""The clients whose documents are read, and the rules of each that differ from ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS, MILLISECONDS = "s", "ms"
SSE, HTTP = "sse", "streamable-http"
OWN = "console"


@dataclass(frozen=True, kw_only=True)
class Client:
    """How one client reads an entry.

    `unit` is that of `timeout`, below `least` it is ignored. `url` is the transport of an address whose entry
    names none, `fixed` where it names one in vain. `bare` fills in `$NAME` too; without `fills` even
    `${NAME}` stays. `skips_untyped` leaves out an address whose entry has no `type`. `ignores` are keys that
    we read and the client does not: where the client is certain, they are kept and do nothing. `files` are
    ends of paths; `only` are keys of no other client, `mostly` are keys that it shares with few, `together`
    keys that only it has together.
    """

    label: str
    program: str
    unit: str = ""
    least: float = 0
    url: str = ""
    fixed: bool = False
    bare: bool = False
    fills: bool = True
    skips_untyped: bool = False
    ignores: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    mostly: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLIENTS: Mapping[str, Client] = {
    "": Client(label="mcp.json of no particular client", program="the client"),
    OWN: Client(label="mcp.json of this console", program="this console"),
    "claude-code": Client(
        label="Claude Code settings",
        program="Claude Code",
        unit=MILLISECONDS,
        least=1000,
        skips_untyped=True,
        ignores=_keys("disabled enabled"),
        files=("/.mcp.json", "/.claude.json", "/.claude/settings.json", "/.claude/settings.local.json"),
        only=_keys("headersHelper alwaysLoad"),
    ),
    "claude-desktop": Client(
        label="Claude Desktop settings", program="Claude Desktop", files=("/claude_desktop_config.json",)
    ),
    "cursor": Client(label="Cursor settings", program="Cursor", files=("/.cursor/mcp.json",)),
    "vscode": Client(
        label="VS Code settings",
        program="VS Code",
        files=("/.vscode/mcp.json", "/.vscode/settings.json"),
        only=_keys("sandboxEnabled gallery"),
        mostly=_keys("envFile"),
    ),
    "cline": Client(
        label="Cline settings",
        program="Cline",
        unit=SECONDS,
        url=SSE,
        files=("/cline_mcp_settings.json",),
        only=_keys("transportType timeoutSeconds"),
        mostly=_keys("autoApprove"),
    ),
    "roo": Client(
        label="Roo Code settings",
        program="Roo Code",
        unit=SECONDS,
        files=("/.roo/mcp.json", "/mcp_settings.json"),
        only=_keys("watchPaths"),
        mostly=_keys("alwaysAllow"),
    ),
    "zed": Client(
        label="Zed settings",
        program="Zed",
        unit=SECONDS,
        files=("/.zed/settings.json", "/zed/settings.json"),
    ),
    "codex": Client(
        label="Codex configuration",
        program="Codex",
        url=HTTP,
        fixed=True,
        fills=False,
        ignores=_keys("headers disabled timeout"),
        files=("/.codex/config.toml",),
        only=_keys("bearer_token_env_var env_http_headers http_headers_helper env_vars"),
    ),
    "opencode": Client(
        label="opencode configuration",
        program="opencode",
        unit=MILLISECONDS,
        files=("/opencode.json", "/opencode.jsonc"),
    ),
    "gemini": Client(
        label="Gemini CLI settings",
        program="Gemini CLI",
        unit=MILLISECONDS,
        url=HTTP,
        bare=True,
        ignores=_keys("disabled enabled"),
        files=("/.gemini/settings.json",),
        only=_keys("httpUrl authProviderType targetAudience targetServiceAccount"),
        mostly=_keys("trust includeTools excludeTools"),
    ),
    "goose": Client(
        label="Goose configuration",
        program="Goose",
        unit=SECONDS,
        files=("/goose/config.yaml",),
        only=_keys("cmd envs env_keys uri available_tools"),
    ),
    "continue": Client(
        label="Continue configuration",
        program="Continue",
        ignores=_keys("headers"),
        files=("/.continue/config.yaml", "/.continue/config.json"),
        only=_keys("requestOptions connectionTimeout"),
    ),
    "cherry": Client(
        label="Cherry Studio settings", program="Cherry Studio", unit=SECONDS, only=_keys("isActive")
    ),
    "kiro": Client(
        label="Kiro settings",
        program="Kiro",
        unit=MILLISECONDS,
        files=("/.kiro/settings/mcp.json",),
        together=_keys("autoApprove disabledTools"),
    ),
    "windsurf": Client(
        label="Windsurf settings",
        program="Windsurf",
        files=("/windsurf/mcp_config.json", "/.antigravitycli/mcp_config.json"),
        mostly=_keys("serverUrl"),
    ),
    "copilot": Client(
        label="Copilot CLI settings",
        program="Copilot CLI",
        unit=MILLISECONDS,
        files=("/.copilot/mcp-config.json",),
    ),
    "mcpb": Client(label="MCP bundle manifest", program="the bundle"),
    "server.json": Client(label="server.json of the MCP registry", program="the MCP registry"),
}


def has_rules(key: str) -> bool:
    """Whether this client reads numbers, addresses or texts in a way of its own."""
    client = client_of(key)
    return bool(client.unit or client.url or client.bare)


def client_of(key: str) -> Client:
    """The client of this name; one that is not in the table has no rules of its own."""
    return CLIENTS.get(key) or Client(label=key, program=key)
