"""No test is lost between the groups of `make test`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from tests.support.groups import LONGEST, is_of_another
from tests.support.tools import ROOT

GROUPS = ("not alone", "both_databases", "alone")


def test_every_file_of_tests_is_of_a_group_and_its_marks_are_followed() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(files) > 300
    for file in files:
        text = file.read_text(encoding="utf-8")
        of = {group for group in GROUPS if not is_of_another(file, group)}
        assert of & {"alone", "not alone"}, file
        assert "both_databases" in of or "pytest.mark.both_databases" not in text, file
        assert "alone" in of or "pytest.mark.alone" not in text, file
    assert set(LONGEST) <= set(map(str, files))


def test_the_makefile_runs_these_groups_and_an_unknown_choice_leaves_out_nothing() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    called = re.findall(r"\$\(call group,[^,]*,[^,]*,\d+,([^)]*)\)", makefile)
    assert sorted(called) == sorted(GROUPS) and '-m "$(4)"' in makefile
    assert not any(is_of_another(file, "slow or alone") for file in (ROOT / "tests").rglob("test_*.py"))


def test_a_group_is_chosen_by_the_marks_that_its_files_are_given() -> None:
    files = {"tests/registry/access/test_api.py": 20, "tests/lifecycle/engine/recording/test_routine.py": 2}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-m", "both_databases"]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
    found = Counter(line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line)
    assert found.keys() == files.keys(), done.stdout + done.stderr
    assert all(found[file] >= least for file, least in files.items())
    assert found["tests/lifecycle/engine/recording/test_routine.py"] == 2
