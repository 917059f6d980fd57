"""Documents that publishers have in their repositories, as facts: names changed, descriptions left out,
and the package registries' own addresses too.

Each is (what stands in the document, the entry that it becomes, what is asked for, what may be given).
"""

from __future__ import annotations

from typing import Any

from tests.registry.core.documents.publishing import at, npm, package, program, pypi, remote, server, variable

GITHUB = [
    {"type": "positional", "value": "run", "isRequired": True},
    {"type": "named", "name": "-i", "value": "true", "format": "boolean", "isRequired": True},
    {"type": "named", "name": "--rm", "value": "true", "format": "boolean"},
    {
        "type": "named",
        "name": "-e",
        "value": "GITHUB_PERSONAL_ACCESS_TOKEN={token}",
        "isRequired": True,
        "variables": {"token": {"isRequired": True, "isSecret": True, "format": "string"}},
    },
    {"type": "positional", "valueHint": "image_name", "value": "ghcr.io/example/server", "isRequired": True},
]
POP = [
    variable("POP_CDP_URL", secret=False, default="http://localhost:9222"),
    variable("POP_ALLOWED_CATEGORIES", secret=False, default='["aws","cloudflare"]'),
    variable("POP_MAX_PER_TX", secret=False, default="100.0"),
]
OPA = [
    variable("PDP_URL"),
    variable("PDP_TOKEN", secret=True),
    variable("ALLOW_NETWORK_BUILTINS", format="boolean"),
]
OLD = {
    "registry_type": "oci",
    "registry_base_url": "https://docker.io",
    "identifier": "my-test-mcp-server",
    "version": "1.0.0",
    "environment_variables": [
        {"is_required": True, "format": "string", "is_secret": True, "name": "YOUR_API_KEY"}
    ],
}
RUNDECK = [
    {"name": "RUNDECK_API_TOKEN", "required": True},
    {"name": "RUNDECK_URL", "required": False},
]
TOOLS = "https://mcp.apify.example/?tools=fetch-actor-details,get-actor-output,example/store-trends"
Real = tuple[dict[str, Any], dict[str, Any], list[str], list[str]]
REAL: dict[str, Real] = {
    "archive": (
        server("archive", remotes=[remote("https://mcp.archive.example/mcp")]),
        at("https://mcp.archive.example/mcp"),
        [],
        [],
    ),
    "hires": (
        server(
            "hires", remotes=[remote("https://mcp.hires.example/mcp")], websiteUrl="https://hires.example"
        ),
        at("https://mcp.hires.example/mcp"),
        [],
        [],
    ),
    "phish": (
        server("phish", remotes=[remote("https://mcp.phish.example/")]),
        at("https://mcp.phish.example/"),
        [],
        [],
    ),
    "protocol": (
        server(
            "protocol", remotes=[remote("https://api.protocol.example/mcp/protocol")], icons=[{"src": "x"}]
        ),
        at("https://api.protocol.example/mcp/protocol"),
        [],
        [],
    ),
    "ip": (
        server("ip", remotes=[remote("https://ip.example.com/mcp")]),
        at("https://ip.example.com/mcp"),
        [],
        [],
    ),
    "vault": (
        server("vault", remotes=[remote("https://vault.example/mcp")]),
        at("https://vault.example/mcp"),
        [],
        [],
    ),
    "reports": (
        server("reports", remotes=[remote("https://mcp.reports.example/mcp")], title="Reports"),
        at("https://mcp.reports.example/mcp"),
        [],
        [],
    ),
    "games": (
        server("games", remotes=[remote("https://games.example/mcp")], name="run.example/games"),
        at("https://games.example/mcp"),
        [],
        [],
    ),
    "news": (
        server("news", remotes=[remote("https://news.example/mcp/", variable("X-API-Key", secret=True))]),
        at("https://news.example/mcp/"),
        [],
        ["news.X-API-Key"],
    ),
    "actors": (
        server("actors", remotes=[remote(TOOLS, {"name": "Authorization", "isSecret": True})]),
        at(TOOLS),
        [],
        ["actors.Authorization"],
    ),
    "folio": (
        server(
            "folio",
            packages=[npm("folio-mcp-server", "1.1.2")],
            remotes=[remote("https://folio.example/mcp/sse", kind="sse")],
        ),
        at("https://folio.example/mcp/sse", "sse"),
        [],
        [],
    ),
    "augments": (
        server(
            "augments",
            packages=[{"registry_type": "pypi", "identifier": "augments", "version": "2.0.0"}],
            remotes=[remote("https://mcp.augments.example")],
            status="active",
        ),
        at("https://mcp.augments.example"),
        [],
        [],
    ),
    "vdb": (
        server(
            "vdb",
            packages=[pypi("vdb-mcp", "0.1.2", variable("VDB_API_TOKEN", secret=True))],
            remotes=[remote("https://vdb.example/mcp")],
        ),
        at("https://vdb.example/mcp"),
        [],
        [],
    ),
    "rundeck": (
        server(
            "rundeck",
            name="rundeck-mcp",
            packages=[
                pypi(
                    "rundeck-mcp",
                    "0.1.0",
                    *RUNDECK,
                    runtimeHint="uvx",
                    packageArguments=[{"type": "positional", "value": "--enable-write-tools"}],
                )
            ],
        ),
        program(
            "uvx",
            "rundeck-mcp==0.1.0",
            "--enable-write-tools",
            RUNDECK_API_TOKEN="${rundeck-mcp.RUNDECK_API_TOKEN}",
        ),
        ["rundeck-mcp.RUNDECK_API_TOKEN"],
        ["rundeck-mcp.RUNDECK_URL"],
    ),
    "claw": (
        server(
            "claw",
            packages=[
                npm(
                    "@example/mcp",
                    "0.48.2",
                    variable("CLAW_AGENT_API_KEY", secret=True),
                    variable("CLAW_BASE_URL", secret=False),
                    registryBaseUrl="https://packages.example",
                )
            ],
        ),
        program("npx", "-y", "@example/mcp@0.48.2"),
        [],
        ["claw.CLAW_AGENT_API_KEY", "claw.CLAW_BASE_URL"],
    ),
    "trekking": (
        server("trekking", packages=[pypi("trekking-mcp", "1.1.0", runtimeHint="uvx")]),
        program("uvx", "trekking-mcp==1.1.0"),
        [],
        [],
    ),
    "old-docker": (
        server("old-docker", packages=[OLD], version_detail={"version": "1.0.0"}),
        program(
            "docker",
            *("run", "-i", "--rm", "-e", "YOUR_API_KEY", "my-test-mcp-server:1.0.0"),
            YOUR_API_KEY="${old-docker.YOUR_API_KEY}",
        ),
        ["old-docker.YOUR_API_KEY"],
        [],
    ),
    "universal": (
        server("universal", packages=[npm("universal", "2.1.0")]),
        program("npx", "-y", "universal@2.1.0"),
        [],
        [],
    ),
    "memory": (
        server(
            "memory", packages=[pypi("bettermemory", "7.2.0", registryBaseUrl="https://packages.example")]
        ),
        program("uvx", "bettermemory==7.2.0"),
        [],
        [],
    ),
    "pay": (
        server("pay", packages=[npm("pop-pay", "0.5.5", *POP)]),
        program(
            "npx",
            *("-y", "pop-pay@0.5.5"),
            POP_CDP_URL="${pay.POP_CDP_URL:-http://localhost:9222}",
            POP_ALLOWED_CATEGORIES='${pay.POP_ALLOWED_CATEGORIES:-["aws","cloudflare"]}',
            POP_MAX_PER_TX="${pay.POP_MAX_PER_TX:-100.0}",
        ),
        [],
        ["pay.POP_CDP_URL", "pay.POP_ALLOWED_CATEGORIES", "pay.POP_MAX_PER_TX"],
    ),
    "hurl": (
        server(
            "hurl",
            packages=[npm("@example/hurl", "0.2.0", variable("HURL_API_KEY", True, True, format="string"))],
        ),
        program("npx", "-y", "@example/hurl@0.2.0", HURL_API_KEY="${hurl.HURL_API_KEY}"),
        ["hurl.HURL_API_KEY"],
        [],
    ),
    "store": (
        server(
            "store",
            packages=[
                npm("@example/store", "2.0.1", variable("STORE_CLIENT_SECRET", secret=True, format="string"))
            ],
        ),
        program("npx", "-y", "@example/store@2.0.1"),
        [],
        ["store.STORE_CLIENT_SECRET"],
    ),
    "marketing": (
        server(
            "marketing",
            packages=[
                npm(
                    "@example/marketing",
                    "1.0.1",
                    variable("CLIENT_ID", True, True),
                    variable("CLIENT_SECRET", True, True),
                    variable("USER_AGENT", secret=False),
                )
            ],
        ),
        program(
            "npx",
            *("-y", "@example/marketing@1.0.1"),
            CLIENT_ID="${marketing.CLIENT_ID}",
            CLIENT_SECRET="${marketing.CLIENT_SECRET}",
        ),
        ["marketing.CLIENT_ID", "marketing.CLIENT_SECRET"],
        ["marketing.USER_AGENT"],
    ),
    "ops": (
        server(
            "ops",
            packages=[
                pypi(
                    "ops",
                    "0.1.2",
                    variable("OPS_TOKEN", secret=True),
                    packageArguments=[
                        {"type": "positional", "value": "mcp"},
                        {"type": "positional", "value": "serve"},
                    ],
                )
            ],
            _meta={"io.modelcontextprotocol.registry/publisher-provided": {"tool": "manual"}},
        ),
        program("uvx", "ops==0.1.2", "mcp", "serve"),
        [],
        ["ops.OPS_TOKEN"],
    ),
    "opa": (
        server("opa", packages=[package("oci", "ghcr.io/example/mcp-opa", "0.1.0", *OPA)]),
        program(
            "docker",
            *("run", "-i", "--rm", "-e", "PDP_URL", "-e", "PDP_TOKEN", "-e", "ALLOW_NETWORK_BUILTINS"),
            "ghcr.io/example/mcp-opa:0.1.0",
        ),
        [],
        ["opa.PDP_URL", "opa.PDP_TOKEN", "opa.ALLOW_NETWORK_BUILTINS"],
    ),
    "hub": (
        server(
            "hub",
            version="0.20.0",
            packages=[
                {
                    "registryType": "oci",
                    "identifier": "ghcr.io/example/server:0.20.0",
                    "transport": {"type": "stdio"},
                    "runtimeArguments": GITHUB,
                }
            ],
        ),
        program(
            "docker",
            *("run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN=${hub.token}"),
            "ghcr.io/example/server:0.20.0",
        ),
        ["hub.token"],
        [],
    ),
}
