"""How near this process is to its last file, in a process that may open few."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.tools import ROOT

FILL = """
import json, os, resource
from lifecycle.engine.host.file_limits import Room, scarce
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
room, held = Room(), []
begin = room.gone()
try:
    while not room.gone():
        held.append(os.open(os.devnull, os.O_RDONLY))
    unkept = sum(scarce(number) for number in held)
    left = 80 - len(os.listdir("/dev/fd"))
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    none = room.gone()
for number in held[:10]:
    os.close(number)
print(json.dumps([begin, left, none, room.gone(), unkept]))
"""


def test_a_quarter_of_a_small_limit_is_kept_and_what_is_closed_counts_again() -> None:
    done = subprocess.run([sys.executable, "-c", FILL], cwd=ROOT, capture_output=True, text=True, check=True)
    *said, found = done.stdout.splitlines()
    begin, left, none, after, unkept = json.loads(found)
    assert (begin, none, after) == (False, True, False)
    assert 15 <= left <= 20
    assert 9 <= unkept <= 10, "an eighth serves one request each"
    assert sum("no further connection" in line for line in [*said, *done.stderr.splitlines()]) == 1
