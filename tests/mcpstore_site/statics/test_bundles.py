"""The bundles hold all that is in `static/`, in one order, and pages name nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from mcpstore_site.statics import bundles
from tests.support.tools import ROOT, node

SERVED = re.compile(r"{% static '([^']+)' %}")
COMPARE = """
const { parse } = require("internal/deps/acorn/acorn/dist/acorn");
const { readFileSync } = require("fs");
const bare = (key, value) => (["start", "end"].includes(key) ? undefined : value);
const parsed = (path) => parse(readFileSync(path, "utf8"), { ecmaVersion: "latest" });
const [script, whole] = process.argv.slice(2).map(parsed);
const strict = script.body[0].directive === "use strict";
const same = strict && JSON.stringify(script, bare) === JSON.stringify(whole, bare);
console.log(script.type + (same ? ", the same" : ", another"));
"""
"""What the two say, but for places: by the parser that Node has inside."""
KEPT_ONLY = {"vendored.lock", "LICENSE"}


def test_each_file_is_in_a_bundle() -> None:
    """A new one is by itself; this names what lies where no rule looks."""
    sheets = "".join(path.read_text() for path in bundles.sources()["console.css"])
    used = {bundles.STATIC / icon for icon in bundles.ICON.findall(sheets)}
    brought = [bundles.sheets_in(name) for name in bundles.sources() if name.endswith(".js")]
    for files in (*bundles.sources().values(), *bundles.THEIRS.values(), *brought):
        used.update(files)
    there = {path for path in bundles.STATIC.rglob("*") if path.is_file() and path.name not in KEPT_ONLY}
    assert sorted(str(path.relative_to(ROOT)) for path in there - used) == []


def test_templates_name_bundles_and_no_file_that_is_in_one() -> None:
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "templates").rglob("*.html")
        for name in SERVED.findall(path.read_text(encoding="utf-8"))
    }
    assert {name for _, name in named} == bundles.made().keys()


def test_the_same_files_make_the_same_bytes() -> None:
    assert bundles.made() == bundles.made()


def test_sheets_stand_in_the_order_of_their_layers_and_then_of_their_names() -> None:
    names = [path.stem for path in bundles.sources()["console.css"]]
    assert names[:4] == ["base", "layout", "components", "pages"]
    assert names[4:] == sorted(names[4:])


def test_icons_stand_in_the_stylesheet_itself() -> None:
    addresses = re.findall(r'url\("?(.{5})', bundles.made()["console.css"].decode())
    assert len(addresses) > 10
    assert set(addresses) == {"data:"}


def test_an_icon_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sheet = tmp_path / "new.css"
    sheet.write_text('.i-new { --shape: url("../icons/no-such.svg"); }')
    monkeypatch.setattr(bundles, "sources", lambda: {"console.css": [sheet]})
    with pytest.raises(FileNotFoundError, match=r"no-such\.svg"):
        bundles.made()


@pytest.mark.parametrize("name", sorted(name for name in bundles.sources() if name.endswith(".js")))
def test_a_script_says_what_its_files_say_and_is_strict(name: str, tmp_path: Path) -> None:
    """Also fails where two of them declare the same name."""
    script, whole, compare = (tmp_path / one for one in (name, "whole.js", "compare.js"))
    ours = [path.read_text() for path in bundles.sources()[name]]
    whole.write_text("\n".join(['"use strict";', *bundles.before_ours(name), *ours]))
    script.write_bytes(bundles.made()[name])
    compare.write_text(COMPARE)
    command = [node(), "--expose-internals", str(compare), str(script), str(whole)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Program, the same\n"


def test_a_stylesheet_beside_a_script_comes_with_it_and_with_no_page() -> None:
    made = bundles.made()
    assert b".chart:fullscreen{" in made["charts.js"]
    assert not [name for name, text in made.items() if name.endswith(".css") and b":fullscreen{" in text]


def test_files_of_others_stay_as_they_were_published() -> None:
    made = bundles.made()
    for name, files in bundles.THEIRS.items():
        for path in files:
            text = path.read_text(encoding="utf-8")
            quoted = json.dumps(text) if path.suffix == ".css" else text.strip()
            assert quoted.encode() in made[name], path.name
