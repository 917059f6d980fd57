"""A demonstration service over stdio: what time it is."""

from datetime import UTC, datetime, timedelta, timezone

from fastmcp import FastMCP

server = FastMCP("clock", instructions="Tells the time.")


@server.tool
def now(hours_from_utc: float = 0) -> str:
    """The time now, that many hours from UTC."""
    if not -24 < hours_from_utc < 24:
        raise ValueError("hours_from_utc: say a number between -24 and 24")
    return datetime.now(timezone(timedelta(hours=hours_from_utc))).isoformat(timespec="seconds")


@server.tool
def until(moment: str) -> str:
    """How long it is until *moment*, an ISO 8601 date and time; negative when it has passed."""
    then = datetime.fromisoformat(moment)
    return str((then if then.tzinfo else then.replace(tzinfo=UTC)) - datetime.now(UTC))


if __name__ == "__main__":
    server.run(transport="stdio", show_banner=False)
