"""What a browser would send of a form: the controls of a piece of HTML, by their names."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class Controls(HTMLParser):
    """Reads the values of a form as it was served. Boxes that are not ticked send nothing."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.buttons: list[str] = []
        self.types: dict[str, str] = {}
        self._textarea: str | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        match tag:
            case "input" if "disabled" not in given:
                self._input(name, given)
            case "textarea":
                self._textarea, self.sent[name], self.types[name] = name, "", "textarea"
            case "select":
                self._select = name
            case "option" if self._select and ("selected" in given or self._select not in self.sent):
                self.sent[self._select] = given.get("value") or ""
            case "button":
                self.buttons.append(given.get("value") or "")

    def _input(self, name: str, given: dict[str, Any]) -> None:
        kind = given.get("type", "text")
        self.types[name] = kind
        if name and (kind not in ("radio", "checkbox") or "checked" in given):
            self.sent[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea is not None:
            self.sent[self._textarea] = self.sent[self._textarea].removeprefix("\n")
            self._textarea = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.sent[self._textarea] += data
