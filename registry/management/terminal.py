"""What the commands of manage.py share: tables, JSON, questions, and refusals as exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import Action, ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TextIO, cast
from unicodedata import east_asian_width

from django.conf import settings
from django.core.management.base import BaseCommand as DjangoCommand
from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import mark_safe

from registry.access.scope.choose import chosen
from registry.core.scope import Scope
from registry.errors import RegistryError, ServiceNotFoundError, ToolUnknownError
from registry.installation.sentences import said
from registry.models import Service

BY = "command line"
PARTLY = 3
Write = Callable[[str], Any]


class Spoken(OutputWrapper):
    """Says each whole line in the console's language; what ends otherwise is a document."""

    def write(self, msg: str = "", style_func: Any = None, ending: str | None = None) -> None:  # type: ignore[override]
        """As Django's own."""
        super().write(said(msg) if ending is None else msg, style_func, ending)


class BaseCommand(DjangoCommand):
    """Django's, in the language of MCPSTORE_LANGUAGE: its lines, its refusals and its help."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stdout, self.stderr = Spoken(_stream(self.stdout)), Spoken(_stream(self.stderr))
        self.stderr.style_func = self.style.ERROR

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With all of its help said."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        _say_help(parser)
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Where the output goes elsewhere, it is said there too."""
        for name in ("stdout", "stderr"):
            if given := options.pop(name, None):
                setattr(self, name, Spoken(given))
        return super().execute(*args, **options)


def _stream(wrapper: OutputWrapper) -> TextIO:
    return cast(TextIO, wrapper._out)


def _say_help(parser: ArgumentParser) -> None:
    parser.description = said(parser.description)
    for action in parser._actions:
        _say_action(action)


def _say_action(action: Action) -> None:
    if action.help:
        action.help = said(action.help)
    for choice in getattr(action, "_choices_actions", ()):
        choice.help = said(choice.help)
    for one in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
        _say_help(one)


def plain(text: str) -> str:
    """The text on one line, with what would steer a terminal written out: names come from servers."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def table(write: Write, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as what stands in them; the last one is free."""
    cells = [[said(one) for one in headings], *([plain(str(cell)) for cell in row] for row in rows)]
    widths = [max(_width(row[at]) for row in cells) for at in range(len(headings) - 1)]
    for row in cells:
        filled = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)]
        write("  ".join([*filled, row[-1]]).rstrip())


def _width(text: str) -> int:
    """In columns of a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def as_json(write: Write, value: object) -> None:
    """For programs: the same as REST gives."""
    write(mark_safe(json.dumps(value, indent=2, cls=DjangoJSONEncoder)))  # noqa: S308 - not HTML: not to be said


def when(at: datetime | None) -> str:
    """A moment, to the second, in UTC; a dash for none."""
    return f"{at:%Y-%m-%d %H:%M:%SZ}" if at else "-"


@contextmanager
def refusals() -> Iterator[None]:
    """What the registry refuses ends the command with its text and exit code 1."""
    try:
        yield
    except ServiceNotFoundError as exc:
        raise CommandError(f"{exc} {_instead(exc.name)}") from None
    except ToolUnknownError as exc:
        raise CommandError(
            f"{exc} `{settings.COMMAND} contracts waiting SERVICE` shows what waits."
        ) from None
    except RegistryError as exc:
        raise CommandError(str(exc)) from None
    except BrokenPipeError:  # whoever read along, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
    except OSError as exc:
        raise CommandError(f"{exc.filename or 'file'}: {exc.strerror}.") from None


def _instead(name: str) -> str:
    known = list(Service.objects.listed().order_by("name").values_list("name", flat=True))
    alike = get_close_matches(name[:80], known, 3)
    return (
        f"Did you mean {' or '.join(alike)}?" if alike else f"`{settings.COMMAND} services list` shows all."
    )


def interactive() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


def agreed(question: str) -> bool:
    """Whether the person says yes; anything else is a no."""
    sys.stdout.flush()
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def scope_options(parser: ArgumentParser) -> None:
    """The options by which a person or a token is limited."""
    only = "only services with this tag; may be given several times"
    parser.add_argument("--tag", action="append", default=[], dest="tags", metavar="TAG", help=only)
    only = "only services of this agent; may be given several times"
    parser.add_argument("--agent", action="append", default=[], dest="agents", metavar="AGENT", help=only)


def scope_given(options: Mapping[str, Any]) -> Scope:
    """What they say; InvalidConfigError."""
    return chosen(options["tags"], options["agents"])
