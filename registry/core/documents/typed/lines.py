"""What people type or paste alone: an address, a command line, a client's own command, an install link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from registry.core.clients import paths
from registry.core.documents import naming
from registry.core.documents.found import Document, Found
from registry.core.documents.places import ROOT
from registry.core.documents.typed import client_commands, links, shell
from registry.core.entries import transport
from registry.errors import InvalidConfigError

LONGEST = 64 * 1024
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://\S+\Z|vscode(?:-insiders)?:mcp/\S+\Z")
_BARE_HOST = re.compile(
    r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})(?:/\S*)?\Z|[\w-]+(?:\.[\w-]+)+(?::\d{1,5})?/\S*\Z"
)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.ASCII | re.DOTALL)
_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("npx", "pnpx", "bunx", "uvx", "dnx", "node", "java", "ruby", "php", "cmd"), ()),
    **dict.fromkeys(("docker", "podman", "nerdctl"), ("run", "container", "exec", "mcp")),
    **dict.fromkeys(("pnpm", "yarn"), ("dlx", "exec", "run", "start")),
    **dict.fromkeys(("uv", "pipx", "bun", "deno", "go", "cargo"), ("run", "tool", "x", "--directory")),
    "dotnet": ("run", "tool", "exec", "dnx"),
    **dict.fromkeys(("python", "python3", "py"), ()),
}
"""Programs that start servers, and what may follow: `uv add` starts none."""
_PREPARES = frozenset({"venv", "pip", "install", "--version", "-V", "--help"})
_NAMED_MCP = re.compile(r"(?:.*[/\\])?(?:mcp[-_][\w.-]+|[\w.-]+[-_]mcp(?:[-_.][\w.-]*)?)\Z")
_A_PATH = re.compile(r"(?:/|\./|\.\./|~/|[A-Za-z]:[\\/])\S")
_A_FILE = re.compile(r"\.(?:json[c5]?|toml|ya?ml|txt|mcpb|dxt)\Z", re.IGNORECASE)
_SHELL = re.compile(r"[\n|&;<>$`]|\\ ")
_PAGES = {
    "github": "a page of source code",
    "gitlab": "a page of source code",
    "npmjs": "the page of an npm package",
    "pypi": "the page of a Python package",
    "hub.docker": "the page of an image",
}
"""Where people look servers up, by the host without its ending; /mcp and /sse are servers there too."""


def read(text: str) -> Document | None:
    """The entries of a text in which every line is such a thing; None where it is something else."""
    stripped = text.strip()
    if _SCHEME.match(stripped) or _BARE_HOST.match(stripped):
        return _address(stripped)
    if len(stripped) > LONGEST or not looks_typed(stripped):
        return None
    if not _SHELL.search(stripped) and paths.is_path_like(stripped):
        return _path_or_line(stripped)
    documents = [_one(words) for words in shell.commands(stripped)]
    known = [document for document in documents if document is not None]
    return _joined(known) if known and len(known) == len(documents) else None


def looks_typed(text: str) -> bool:
    """Whether the first line begins as a command or an address does. Cheap, and never an error."""
    line = next(
        (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), ""
    )
    words = re.sub(r"^\s*(?:\$|%|>|PS [^>]*>)\s+", "", line.strip()).split()
    while words and _ASSIGNED.match(words[0]):
        words = words[1:]
    if not words:
        return False
    return _starts(words) or bool(_SCHEME.match(words[0]))


def _starts(words: Sequence[str]) -> bool:
    """Whether these are the words of a command, as far as the first of them tell."""
    program = words[0].strip("\"'")
    if program in client_commands.CLIENT_OF:
        return len(words) > 1 and (words[1] == "mcp" or "--add-mcp" in words)
    steps = _PROGRAMS.get(program.lower().removesuffix(".exe").removesuffix(".cmd"))
    if steps is not None:
        fits = not steps or any(word in steps or word.endswith(".dll") for word in words[1:2])
        return bool(words[1:]) and fits and not _PREPARES & set(words[1:3])
    if program.endswith(":") or _A_FILE.search(program):
        return False
    return bool(_A_PATH.match(program) or (_NAMED_MCP.match(program) and "." not in program[-1:]))


def _one(words: list[str]) -> Document | None:
    if len(words) == 1 and (_SCHEME.match(words[0]) or _BARE_HOST.match(words[0])):
        return _address(words[0])
    document = client_commands.read(words)
    return document if document is not None else _command(words)


def _command(words: list[str]) -> Document | None:
    env: dict[str, str] = {}
    while words and (match := _ASSIGNED.match(words[0])):
        env[match[1]] = match[2]
        words = words[1:]
    if not words or not _starts(words) or words[0] in client_commands.CLIENT_OF:
        return None
    env |= {name: f"${{{name}}}" for name in _passed_on(words) if name not in env}
    name = naming.of_command(words)
    raw = {"command": words[0], "args": words[1:]} | ({"env": env} if env else {})
    return Document(shape="command", found=(_guessed(name, raw, "its command"),))


def _path_or_line(text: str) -> Document | None:
    """What starts as a path and has spaces in it: one path, or a command line that says so."""
    if paths.is_one_path(text) and _A_FILE.search(text):
        return None
    if paths.is_one_path(text):
        raw = {"command": text, "args": []}
        found = _guessed(naming.of_command([text]), raw, "its command", (paths.ONE_PATH,))
        return Document(shape="command", found=(found,))
    lines = shell.commands(text)
    document = _one(lines[0]) if len(lines) == 1 else None
    if document is None:
        return None
    told = tuple(replace(item, notes=(*item.notes, paths.A_LINE)) for item in document.found)
    return replace(document, found=told)


def _passed_on(words: Sequence[str]) -> list[str]:
    """Variables that a container gets from outside: `-e NAME` without a value."""
    if not words[0].endswith(("docker", "podman", "nerdctl")):
        return []
    pairs = pairwise(words)
    return [word for flag, word in pairs if flag in ("-e", "--env") and re.fullmatch(r"[A-Za-z_]\w*", word)]


def _address(text: str) -> Document:
    if (link := links.read(text)) is not None:
        return link
    notes: tuple[str, ...] = ()
    if not _SCHEME.match(text):
        local = text.startswith(("localhost", "127.", "["))
        text = f"{'http' if local else 'https'}://{text}"
        notes = (f"read as {text.partition(':')[0]}://",)
    if (page := _page(text)) is not None:
        what = f"is {page}, not the address of an MCP server"
        raise InvalidConfigError(ROOT, what, "Paste the configuration or the command that the page shows")
    return Document(
        shape="address", found=(_guessed(naming.of_address(text), {"url": text}, "its address", notes),)
    )


def _page(url: str) -> str | None:
    """What kind of page about servers this is."""
    parts = transport.split(url)
    if parts is None or parts.path.rstrip("/").endswith(("/mcp", "/sse")):
        return None
    return _PAGES.get((parts.hostname or "").removeprefix("www.").rpartition(".")[0])


def _guessed(name: str, raw: Mapping[str, object], after: str, notes: tuple[str, ...] = ()) -> Found:
    said = f'named "{name}" after {after}'
    return Found(name=name, place=(name,), raw=dict(raw), notes=(said, *notes), guessed=True)


def _joined(documents: Sequence[Document]) -> Document:
    found = tuple(replace(item, client=document.client) for document in documents for item in document.found)
    clients = {document.client for document in documents}
    inputs = {name: said for document in documents for name, said in document.inputs.items()}
    shapes = list(dict.fromkeys(document.shape for document in documents))
    return Document(
        shape=" and ".join(shapes),
        found=found,
        inputs=inputs,
        client=clients.pop() if len(clients) == 1 else "",
    )
