"""The line that says why a program ended, among all that real programs print at their end.

`endings/` holds what npm, Node.js, Python, uv, Docker, Java, Perl, Rust, Go, cargo and bash wrote to stderr,
shortened: first the reason that is to be chosen, then, after a line of dashes, the output.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lifecycle.core.answers import causes, epitaph
from lifecycle.core.answers.causes import Cause

ENDINGS = sorted(Path(__file__).with_name("endings").glob("*.txt"))


@pytest.mark.parametrize("path", ENDINGS, ids=lambda path: path.stem)
def test_the_line_that_says_why_is_chosen_from_what_real_programs_print(path: Path) -> None:
    reason, _, printed = path.read_text().partition("\n---\n")
    assert epitaph.why(printed) == reason
    # The rest stays readable below it.
    assert epitaph.rest(printed).splitlines()[-1] in epitaph.clean(printed)


def test_there_are_endings_of_many_kinds() -> None:
    assert len(ENDINGS) >= 20
    assert len({path.stem.split("-")[0] for path in ENDINGS}) >= 10


@pytest.mark.parametrize(
    ("ending", "code", "cause"),
    [
        ("npm-404", 1, Cause.NO_PACKAGE),
        ("npm-version", 1, Cause.NO_PACKAGE),
        ("npm-noexe", 1, Cause.NO_PACKAGE),
        ("uvx-missing", 1, Cause.NO_PACKAGE),
        ("npm-refused", 1, Cause.NO_REGISTRY),
        ("uvx-proxy", 2, Cause.NO_REGISTRY),
        ("node-module", 1, Cause.NO_MODULE),
        ("node-esm", 1, Cause.NO_MODULE),
        ("py-module", 1, Cause.NO_MODULE),
        ("perl-inc", 2, Cause.NO_MODULE),
        ("java-jar", 1, Cause.NO_MODULE),
        ("docker-daemon", 125, Cause.NO_DOCKER),
        ("docker-flag", 125, Cause.WRONG_ARGUMENTS),
        ("node-usage", 1, Cause.WRONG_ARGUMENTS),
        ("py-args", 2, Cause.WRONG_ARGUMENTS),
        ("node-heap", 134, Cause.NO_MEMORY),
        ("node-port", 1, Cause.PORT_TAKEN),
        ("bash-missing", 127, Cause.NO_COMMAND),
        ("py-key", 1, None),
        ("rust-panic", 101, None),
    ],
)
def test_the_end_of_a_program_is_sorted_by_what_can_be_done_about_it(
    ending: str, code: int, cause: Cause | None
) -> None:
    reason = (Path(__file__).with_name("endings") / f"{ending}.txt").read_text().partition("\n---\n")[0]
    assert causes.of_ending(code, reason) is cause


def test_a_program_that_ends_without_a_word_is_not_given_one() -> None:
    assert (epitaph.why(""), epitaph.rest("\n\n")) == ("", "")
    assert causes.of_ending(0, "the process exited with code 0") is Cause.ENDED_QUIETLY
    assert causes.of_ending(3, "the process exited with code 3") is None
    assert causes.of_ending(-11, "the process was killed by SIGSEGV") is Cause.CRASHED


QUIET = {
    "Python's SDK 1.x, of our own question": (
        "Failed to validate request: 31 validation errors for ClientRequest\n"
        "PingRequest.method\n"
        "  Input should be 'ping' [type=literal_error, input_value='server/discover', input_type=str]\n"
        "    For further information visit https://errors.pydantic.dev/2.14/v/literal_error\n"
        "CancelTaskRequest.params.taskId\n"
        "  Field required [type=missing, input_value={'_meta': {}}, input_type=dict]\n"
        "    For further information visit https://errors.pydantic.dev/2.14/v/missing\n"
        "Processing request of type PingRequest\n"
    ),
    "FastMCP's banner": (
        "╭─────────────────────────────╮\n│        FastMCP 4.2.3        │\n╰─────────────────────────────╯\n"
        "[11/29/26 04:05:50] INFO     Starting MCP server 'x' with  transport.py:241\n"
        "                             transport 'stdio'\n"
    ),
    "warnings of Python": (
        "/srv/lib/jwt.py:10: AuthlibDeprecationWarning: authlib.jose is deprecated, use joserfc.\n"
        "It will be compatible before version 2.0.0.\n"
        "  from authlib.jose import JsonWebKey\n"
        "/srv/lib/server.py:7: DeprecationWarning: old\n"
        "  from ._compat import httpx2\n"
    ),
}


@pytest.mark.parametrize("printed", QUIET.values(), ids=QUIET)
def test_what_it_printed_while_all_was_well_is_no_reason(printed: str) -> None:
    assert epitaph.why(printed) == ""
    assert epitaph.why(printed + "no seats left\n") == "no seats left"
    assert epitaph.why("no seats left\n" + printed) == "no seats left"


REASONS = (
    "Traceback (most recent call last):\n"
    "  File \"/srv/app.py\", line 3, in <module>\n    import foo\nModuleNotFoundError: No module named 'foo'",
    "ModuleNotFoundError: No module named 'foo'",
    "Error: missing API key",
    "SEARCH_KEY is not set",
)
AFTERTHOUGHTS = {
    "a warning of Python": "/srv/app.py:12: DeprecationWarning: must not be used\n  raise ValueError('x')\n",
    "one of two lines": "/srv/app.py:12: UserWarning: an error:\nmust be gone by 2.0\n  warn('error')\n",
    "one of a path with a blank": "/my app/x.py:5: ResourceWarning: unclosed file, an error\n",
    "one without a source": "<frozen runpy>:128: RuntimeWarning: 'x' found in sys.modules: an error\n",
    "one that is never awaited": (
        "/srv/app.py:9: RuntimeWarning: coroutine 'fatal' was never awaited\n  error()\n"
        "RuntimeWarning: Enable tracemalloc to get the object allocation traceback\n"
    ),
    "one of Node.js": (
        "(node:7) [DEP0040] DeprecationWarning: The `error` module is deprecated.\n"
        "(Use `node --trace-deprecation ...` to show where the error was)\n"
    ),
    "logged as a warning": "2026-01-01 12:00:00,123 - app - WARNING - no error handler\n",
    "logged as information": "2026-01-01 12:00:00,123 - app - INFO - 0 errors\n",
    "a level in brackets": "2026-01-01T12:00:00.000Z [info] error handler detached\n",
    "a level as a key": 'time=12:00 level=info msg="error reporter closed"\n',
    "a level in JSON": '{"level":30,"time":1,"msg":"error reporter closed"}\n',
}


@pytest.mark.parametrize("after", AFTERTHOUGHTS.values(), ids=AFTERTHOUGHTS)
@pytest.mark.parametrize("reason", REASONS, ids=["traceback", "one line", "Error", "not set"])
def test_the_reason_that_stands_before_a_warning_or_a_log_line_is_kept(reason: str, after: str) -> None:
    assert epitaph.why(f"{reason}\n{after}") == reason.splitlines()[-1]


@pytest.mark.parametrize(
    "reason",
    [
        "Error: missing API key\n  see the manual",
        "ValueError: x",
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: x',
    ],
)
def test_a_warning_takes_no_reason_with_it_that_follows(reason: str) -> None:
    warned = "<frozen runpy>:128: RuntimeWarning: 'x' found in sys.modules\n"
    assert epitaph.why(warned + reason) == epitaph.why(reason) != ""


def test_what_was_logged_as_a_warning_is_the_reason_where_there_is_no_other() -> None:
    logged = "12:00:00 - app - WARNING - API_KEY is not set"
    assert epitaph.why(f"starting\n{logged}\n") == logged


def test_a_request_that_was_refused_for_another_reason_stays() -> None:
    printed = QUIET["Python's SDK 1.x, of our own question"].replace("server/discover", "tools/call")
    assert "tools/call" in epitaph.rest(printed)
    left = epitaph.rest(QUIET["Python's SDK 1.x, of our own question"])
    assert left == "Processing request of type PingRequest"


def test_an_error_in_a_box_is_a_reason() -> None:
    printed = "╭─ Error ───────────────────╮\n│ No such option: --prot    │\n╰───────────────────────────╯\n"
    assert "No such option: --prot" in epitaph.why(printed)


def test_colours_and_progress_bars_are_not_part_of_the_reason() -> None:
    printed = "Downloading 10%\rDownloading 100%\n\x1b[31mError:\x1b[0m the key is not set\n"
    assert epitaph.why(printed) == "Error: the key is not set"
    assert epitaph.rest(printed) == "Downloading 100%\nError: the key is not set"


def test_a_script_that_npm_ran_says_more_than_npm_about_it() -> None:
    printed = (
        "Error: SEARCH_TOKEN is required\n    at main (index.js:2:9)\n"
        "npm error Lifecycle script `start` failed with error:\nnpm error code 1\nnpm error path /srv/app\n"
    )
    assert epitaph.why(printed) == "Error: SEARCH_TOKEN is required"


@pytest.mark.parametrize(
    "piece",
    ["error: x\n", "--help ", "Caused by: x\n", "| ", "\x1b]x", "Traceback (most recent call last)\n"],
)
def test_no_output_however_odd_takes_long_to_read(piece: str) -> None:
    printed = piece * (65536 // len(piece))
    started = time.process_time()
    epitaph.why(printed)
    epitaph.rest(printed)
    assert time.process_time() - started < 0.5


def test_a_program_that_only_prints_its_help_is_told_by_how_it_wants_to_be_called() -> None:
    printed = "stdout: Usage: frob [OPTIONS] COMMAND\nstdout:   --stdio  serve over stdio\n"
    assert epitaph.why(printed) == "stdout: Usage: frob [OPTIONS] COMMAND"
