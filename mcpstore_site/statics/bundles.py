"""One stylesheet and one script for all pages, made of the many small files in `static/`.

A folder in `static/js` is a script of its own, and one in `static/css` a stylesheet, for the few pages that
need it. A stylesheet that lies in the folder of a script comes with that script.
No file is listed by hand but those of others: a new one is in its bundle as soon as it is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import django_htmx
import rjsmin

from mcpstore_site import paths

STATIC = paths.FILES / "static"
HTMX = Path(django_htmx.__path__[0]) / "static" / "django_htmx" / "htmx-2.min.js"
UPLOT = STATIC / "vendor" / "uplot"
THEIRS = {
    "console.js": [HTMX],
    "charts.js": [UPLOT / "uPlot.min.css", UPLOT / "uPlot.iife.min.js"],
}
"""What others wrote, unchanged and before our own; it is minified already."""
ADOPTED = "{ const one = new CSSStyleSheet(); one.replaceSync(%s); document.adoptedStyleSheets.push(one); }"
"""How a script brings a stylesheet, which only pages with that script need."""
LAYERS = re.compile(r"@layer ([\w, ]+);")
QUITE_SAFE = " '/:=,()"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AROUND = re.compile(r"\s*([{};])\s*")
LOOSE = re.compile(r"""("[^"]*")|(?<=[{;])([\w-]+:)\s|(,)\s| (>) |;(})""")
"""What may go: a space after the colon of a property, one after a comma, two about >, the last semicolon."""
ICON = re.compile(r'url\("(?:\.\./)+(icons/[\w-]+\.svg)"\)')


def sources() -> dict[str, list[Path]]:
    """By bundle, the files of our own that are in it, in their order."""
    apart = {
        f"{folder.name}.{kind}": _named(folder, f"*.{kind}")
        for kind in ("css", "js")
        for folder in (STATIC / kind).iterdir()
        if folder.is_dir()
    }
    return {"console.css": _sheets(), "console.js": _named(STATIC / "js", "*.js"), **apart}


def made() -> dict[str, bytes]:
    """By name what is served: the same bytes from the same files."""
    return {name: _joined(name, files).encode() for name, files in sorted(sources().items())}


def _icon(found: re.Match[str]) -> str:
    """An address that holds the icon itself: all of them are smaller than the headers of one request."""
    text = (STATIC / found[1]).read_text(encoding="utf-8").strip().replace('"', "'")
    return f'url("data:image/svg+xml,{quote(text, QUITE_SAFE)}")'


def _named(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.name)


def _sheets() -> list[Path]:
    """Those that are named like a layer come first, in the layers' order, which the first of all says."""
    files = _named(STATIC / "css", "*.css")
    said = LAYERS.search((STATIC / "css" / "base.css").read_text(encoding="utf-8"))
    layers = said[1].split(", ") if said else []
    return sorted(files, key=lambda path: layers.index(path.stem) if path.stem in layers else len(layers))


def _joined(name: str, files: Iterable[Path]) -> str:
    theirs = "\n".join(before_ours(name))
    ours = "\n".join(path.read_text(encoding="utf-8") for path in files)
    if name.endswith(".css"):
        return f"{theirs}\n{_bare(ICON.sub(_icon, ours))}"
    # A script is strict if that is the first thing it says.
    return f'"use strict";\n{theirs}\n{rjsmin.jsmin(ours)}'


def before_ours(name: str) -> list[str]:
    """What stands in the bundle of this name before our own: of others, and the stylesheets of a script."""
    texts = [(path.suffix, path.read_text(encoding="utf-8")) for path in THEIRS.get(name, [])]
    texts += [(path.suffix, _bare(path.read_text(encoding="utf-8"))) for path in sheets_in(name)]
    return [
        ADOPTED % json.dumps(text) if suffix == ".css" and name.endswith(".js") else text
        for suffix, text in texts
    ]


def sheets_in(script: str) -> list[Path]:
    """Our own stylesheets that the script of this name brings."""
    folder = STATIC / "js" / script.removesuffix(".js")
    return _named(folder, "*.css") if folder.is_dir() else []


def _bare(sheet: str) -> str:
    """Without comments, and spaces that mean nothing. rcssmin 1.3 makes `a:is(b)` of `a :is(b)`."""
    return LOOSE.sub(r"\1\2\3\4\5", AROUND.sub(r"\1", COMMENT.sub("", sheet))).strip()
