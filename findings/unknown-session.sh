#!/usr/bin/env bash
# What servers say to a session that they do not know, as after their restart (streamable HTTP, 2025-06-18).
#
# Expected from the protocol text: HTTP 404 and nothing that would have to be read. Seen: three different pairs of
# status and JSON-RPC code for one event, -32001 being elsewhere the code of a timeout; and the Python SDK answers
# with an id that no request ever had: the text "server-error" in 1.x, null in 2.x.
set -euo pipefail
mcp_1=1.30.0 mcp_2=2.3.0 sdk_npm=1.32.2 supergateway=4.0.0
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

for version in "$mcp_1" "$mcp_2"; do
  python3 -m venv "py-$version"
  "py-$version/bin/pip" install -q --disable-pip-version-check "mcp==$version" uvicorn==0.54.0
done
npm install --silent --no-audit --no-fund "@modelcontextprotocol/sdk@$sdk_npm" "supergateway@$supergateway" express@5.3.0

cat > v1.py <<'PY'
import sys
import uvicorn
from mcp.server.fastmcp import FastMCP
uvicorn.run(FastMCP("one").streamable_http_app(), port=int(sys.argv[1]), log_level="error")
PY
cat > v2.py <<'PY'
import sys
import uvicorn
from mcp.server import MCPServer
uvicorn.run(MCPServer("two").streamable_http_app(), port=int(sys.argv[1]), log_level="error")
PY
cat > stdio.py <<'PY'
from mcp.server.fastmcp import FastMCP
FastMCP("three").run()
PY
cat > sdk.mjs <<'JS'
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
await new McpServer({ name: "four", version: "1" }).connect(transport);
createServer((request, response) => transport.handleRequest(request, response)).listen(Number(process.argv[2]), "127.0.0.1");
JS

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

seen=""
ask() { # NAME COMMAND… with PORT in it
  local name=$1 port status; shift
  port=$(free_port)
  "${@//PORT/$port}" > "$work/log" 2>&1 & server=$!
  for _ in $(seq 150); do (echo > "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.2; done
  status=$(curl -s -m 20 -o "$work/body" -w '%{http_code}' "http://127.0.0.1:$port/mcp" \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2025-06-18' -H 'Mcp-Session-Id: 0123456789abcdef0123456789abcdef' \
    -d '{"jsonrpc": "2.0", "id": 7, "method": "ping"}')
  kill "$server"; wait "$server" 2>/dev/null || true; server=""
  line="$name: HTTP $status $(python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(d["error"]["code"], "id", json.dumps(d["id"]), d["error"]["message"])' "$work/body")"
  echo "$line"
  seen+="$line"$'\n'
}

ask "mcp $mcp_1 (Python)" "py-$mcp_1/bin/python" v1.py PORT
ask "mcp $mcp_2 (Python)" "py-$mcp_2/bin/python" v2.py PORT
ask "sdk $sdk_npm (TypeScript), before its first session" node sdk.mjs PORT
ask "supergateway $supergateway" node node_modules/supergateway/dist/index.js --stdio "$work/py-$mcp_1/bin/python $work/stdio.py" --outputTransport streamableHttp --stateful --port PORT --logLevel none

expected='mcp 1.30.0 (Python): HTTP 404 -32600 id "server-error" Session not found
mcp 2.3.0 (Python): HTTP 404 -32600 id null Session not found
sdk 1.32.2 (TypeScript), before its first session: HTTP 400 -32000 id null Bad Request: Server not initialized
supergateway 4.0.0: HTTP 404 -32001 id null Session not found'
[ "${seen%$'\n'}" = "$expected" ] || { echo "CHANGED; it was:"; echo "$expected"; exit 1; }
echo "as before"
