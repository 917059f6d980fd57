#!/usr/bin/env bash
# `gemini mcp add` (Gemini CLI 0.61.0) reads an address without --transport as a program to start, and in a folder
# that is not trusted each `add` forgets the servers that were added before it.
#
# So a settings.json of Gemini may hold {"command": "https://…"}, and may hold one server where a person added three.
set -euo pipefail

CLI=0.61.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/project"
npm install --prefix "$work" --silent --no-fund --no-audit --ignore-scripts "@google/gemini-cli@$CLI" >/dev/null
gemini() { (cd "$work/project" && HOME="$work/home" "$work/node_modules/.bin/gemini" "$@" 2>&1); }

echo "gemini-cli $(node -p "require('$work/node_modules/@google/gemini-cli/package.json').version"), node $(node --version)"
gemini mcp add wiki https://wiki.example.org/mcp
cat "$work/project/.gemini/settings.json"; echo
gemini mcp add clock npx -y clock-mcp
cat "$work/project/.gemini/settings.json"; echo
node -e '
const {mcpServers: found} = JSON.parse(require("fs").readFileSync(process.argv[1]));
if (Object.keys(found).join() !== "clock") throw "the earlier server is kept now: " + Object.keys(found);
' "$work/project/.gemini/settings.json"
rm -r "$work/project/.gemini"
gemini mcp add wiki https://wiki.example.org/mcp >/dev/null
node -e '
const {mcpServers: found} = JSON.parse(require("fs").readFileSync(process.argv[1]));
if (found.wiki.command !== "https://wiki.example.org/mcp") throw "an address is no command any more";
' "$work/project/.gemini/settings.json"
echo "as described"
