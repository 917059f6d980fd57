"""The published servers, each with what is known of it: how many tools, one call and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.mcp_servers import fastmcp_entry, npm_entry, python_entry

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """One server: how many tools it has, and a call whose answer tells that it was really made."""

    name: str
    tools: int
    tool: str
    arguments: dict[str, Any]
    answer: Callable[[Outcome], bool]


def text_of(outcome: Outcome) -> str:
    return "\n".join(part.get("text", "") for part in outcome["content"])


def says(expected: str) -> Callable[[Outcome], bool]:
    return lambda outcome: expected in text_of(outcome)


def gives(expected: Any) -> Callable[[Outcome], bool]:
    return lambda outcome: bool(outcome["structured"] == expected)


def everything(name: str) -> Published:
    return Published(name, 13, "get-sum", {"a": 2, "b": 3}, says("The sum of 2 and 3 is 5."))


def fastmcp(name: str) -> Published:
    return Published(name, 4, "add", {"a": 2, "b": 3}, gives({"result": 5}))


def known(repository: Path, page: str) -> list[Published]:
    """All of them; *repository* is a git repository with one commit, *page* a URL that can be fetched."""
    entity = {"name": "Ada", "entityType": "person", "observations": ["counts"]}
    return [
        everything("everything-stdio"),
        everything("everything-http"),
        everything("everything-sse"),
        Published("filesystem", 14, "list_allowed_directories", {}, says(str(repository))),
        Published("memory", 9, "create_entities", {"entities": [entity]}, gives({"entities": [entity]})),
        Published("time", 2, "get_current_time", {"timezone": "UTC"}, says('"timezone": "UTC"')),
        Published("git", 12, "git_log", {"repo_path": str(repository)}, says("The first commit")),
        Published("fetch", 1, "fetch", {"url": page}, says("A page to be fetched")),
        fastmcp("fastmcp-stdio"),
        fastmcp("fastmcp-http"),
        fastmcp("fastmcp-sse"),
    ]


def entries(repository: Path, memory_file: Path, urls: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The mcp.json entries; *urls* are the addresses of those that listen."""
    memory = {**npm_entry("server-memory"), "env": {"MEMORY_FILE_PATH": str(memory_file)}}
    over_stdio = {
        "everything-stdio": npm_entry("server-everything", "stdio"),
        "filesystem": npm_entry("server-filesystem", str(repository)),
        "memory": memory,
        "time": python_entry("mcp-server-time"),
        "git": python_entry("mcp-server-git", "--repository", str(repository)),
        "fetch": python_entry("mcp-server-fetch", "--ignore-robots-txt", "--allow-private-ips"),
        "fastmcp-stdio": fastmcp_entry(),
    }
    return over_stdio | {name: {"url": url} for name, url in urls.items()}
