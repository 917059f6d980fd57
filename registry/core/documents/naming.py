"""A name for an entry that came without one: from its package, its image, its program or its address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from registry.core.entries import names as entry_names

_RUNNERS = frozenset(
    {
        *(
            "npx",
            "pnpx",
            "bunx",
            "uvx",
            "uv",
            "pnpm",
            "yarn",
            "bun",
            "deno",
            "node",
            "python",
            "python3",
            "py",
        ),
        *("pipx", "docker", "podman", "nerdctl", "dnx", "dotnet", "java", "go", "cargo", "ruby", "php"),
        *("cmd", "sh", "bash", "env"),
    }
)
_STEPS = frozenset(
    {"dlx", "exec", "run", "tool", "-y", "--yes", "start", "container", "--", "/c", "-c", "-m"}
)
_WITH_VALUE = frozenset(
    {
        *(
            "-e",
            "--env",
            "-v",
            "--volume",
            "-p",
            "--publish",
            "--name",
            "--network",
            "--net",
            "--mount",
            "-w",
        ),
        *(
            "--workdir",
            "-u",
            "--user",
            "--entrypoint",
            "--env-file",
            "--add-host",
            "--platform",
            "--pull",
            "--label",
        ),
        *("-l", "--from", "--with", "--python", "--directory", "--project", "--index-url", "--package", "-H"),
        *(
            "--header",
            "--link",
            "--memory",
            "-m",
            "--cpus",
            "--gpus",
            "--shm-size",
            "--restart",
            "--hostname",
        ),
    }
)
_AFFIXES = re.compile(r"^(?:mcp[-_]server[-_]|server[-_]|mcp[-_])|(?:[-_]mcp[-_]server|[-_]mcp|[-_]server)$")
_HOST_WORDS = frozenset({"www", "mcp", "api", "server", "app", "mcp-server"})
_VERSION = re.compile(r"(?<=[^@])(?:@|==|>=|~=)[^@/]*$")


def of_address(url: str) -> str:
    """From the host: `https://mcp.example.org/mcp` is example; an address of numbers keeps its port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "service"
    labels = [label for label in host.split(".") if label]
    if not labels or labels[-1].isdigit() or len(labels) == 1 or ":" in host:
        return entry_names.suggest(f"{host}-{port}" if port else host)
    telling = [label for label in labels[:-1] if label not in _HOST_WORDS] or labels[-2:-1]
    return entry_names.suggest(telling[0])


def of_command(words: Sequence[str]) -> str:
    """From what a runner is told to run, else from the program."""
    program = _base(words[0]) if words else ""
    rest = list(words[1:])
    if program not in _RUNNERS:
        return of_package(program)
    while rest:
        word = rest.pop(0)
        if word in _WITH_VALUE and not (program.startswith("py") and word == "-m"):
            rest = rest[1:]
        elif (
            word not in _STEPS
            and (program, word) != ("bun", "x")
            and not word.startswith("-")
            and _base(word) not in _RUNNERS
        ):
            return of_package(word)
    return entry_names.suggest(program)


def of_package(package: str) -> str:
    """The short name: `@scope/server-github@1.2` is github, `@playwright/mcp` is playwright."""
    bare = _VERSION.sub("", package.rstrip("/")).split("[")[0]
    scope, _, base = bare.rpartition("/")
    base = re.sub(r":[\w.-]*$|\.(?:py|js|mjs|ts|jar|exe|cmd|sh)$", "", base.rpartition("\\")[2])
    short = _AFFIXES.sub("", base)
    if short.lower() in ("mcp", "server", "mcp-server", "index", "main", "") and scope:
        short = _base(scope).removeprefix("@")
    return entry_names.suggest(short or base)


def of_entry(entry: Mapping[str, Any]) -> str:
    """From whatever the entry has."""
    command, args = entry.get("command"), entry.get("args")
    if isinstance(command, str):
        words = [command, *(str(arg) for arg in (args if isinstance(args, list) else []))]
        return of_command(words)
    url = next((entry[key] for key in ("url", "httpUrl", "serverUrl") if isinstance(entry.get(key), str)), "")
    return of_address(url)


def _base(path: str) -> str:
    base = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    return re.sub(r"\.(?:exe|cmd|bat)$", "", base, flags=re.IGNORECASE)
