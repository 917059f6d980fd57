"""A demonstration service over streamable HTTP: notes, kept in memory while it runs."""

import sys

from fastmcp import FastMCP

server = FastMCP("notes", instructions="Keeps short notes until it is stopped.")
notes: dict[str, str] = {"welcome": "This note was here from the start."}


@server.tool
def write_note(title: str, text: str) -> str:
    """Keep a note; an older one of the same title is replaced."""
    if len(title) > 100 or len(text) > 10_000 or len(notes) >= 1000:
        raise ValueError("too long, or too many notes")
    notes[title] = text
    return f"{len(notes)} notes are kept"


@server.tool
def read_note(title: str) -> str:
    """The text of a note."""
    if title not in notes:
        raise ValueError(f"there is no note {title!r}; ask list_notes for their titles")
    return notes[title]


@server.tool
def list_notes() -> list[str]:
    """The titles of all notes."""
    return sorted(notes)


if __name__ == "__main__":
    server.run(
        transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False, log_level="warning"
    )
