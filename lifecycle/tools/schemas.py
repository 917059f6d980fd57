"""REST answers about tools, and about their contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema


class Tool(Schema):
    name: str
    title: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    annotations: dict[str, Any]
    problem: str = Field(description="why this tool could not be read; empty for a good one")
    tokens: int | None = Field(description="estimated cost of the definition in a model's context")
    hash: str = Field(description="of the definition shown here")
    contract: str = Field(
        description="followed: not pinned; approved; waiting or refused: the server offers another one now"
    )


class ChangeLine(Schema):
    kind: str = Field(description="breaking, compatible or text; empty for a remark")
    text: str


class ContractAnswer(Schema):
    pinned: bool
    pinned_at: datetime | None
    pinned_by: str
    changed_at: datetime | None
    waiting: int = Field(description="changes that wait for somebody to decide")
    refused: int = Field(description="changes that somebody refused")
    hash: str = Field(description="hash of all waiting tools, for approve-all")


class ToolList(Schema):
    refreshed_at: datetime | None
    contract: ContractAnswer
    count: int = Field(description="of all that match; without `page` at most 1,000 of them are given")
    tokens: int = Field(description="estimated cost of all definitions of the service")
    results: list[Tool]


class WaitingToolAnswer(Schema):
    name: str
    action: str = Field(description="added, changed, or removed")
    kind: str = Field(description="breaking, compatible or text")
    lines: list[ChangeLine]
    hash: str = Field(description="hash of the offered version, for approve; empty for a removed tool")
    since: datetime
    refused_at: datetime | None
    refused_by: str
    definition: dict[str, Any] | None = Field(description="as the server offers it now")


class WaitingToolPage(Schema):
    hash: str = Field(description="hash of all waiting tools, for approve-all")
    count: int
    results: list[WaitingToolAnswer]


class Decided(Schema):
    tools: list[str] = Field(description="what this decided on")
    contract: ContractAnswer
