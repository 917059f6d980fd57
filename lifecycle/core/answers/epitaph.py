"""Why a program ended: the one line that tells it, chosen from all that it printed. Pure.

The last line is seldom the one: npm ends with the path of its log, Node.js with its version, Java with
"... 12 more". So crashes are read as their runtimes print them, then lines that speak of an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

Lines = Sequence[str]

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_GROUP = re.compile(r"^\s*(?:\+-?\+-[- \d]*|\+-{5,}|\+ |(?:\| )+|\|)")  # how Python draws exception groups
_FRAME = re.compile(
    r"^\s+at |^\s*(?:File \"|\.\.\. \d+ more|\d+: (?:0x)?\w|goroutine \d|[~^\s]+$|[{}\[\](),;]+$)|"
    r"^\t|^\s{6,}\S"
)
_CHATTER = re.compile(
    r"^Node\.js v\d|A complete log of this run|--help\b.*(?:information|usage|help)|^exit status \d+$|"
    r"^(?:note|hint|warning|tip|info):|For further information visit|^stack backtrace|^Require stack:|^- /|"
    r"^(?:The above exception|During handling|Emitted 'error')|Native stack trace|^Traceback|"
    r"^(?:INFO|DEBUG|TRACE)\b|\[(?:info|debug|trace)\]|[-\s](?:INFO|DEBUG)[-\s:]|^throw |"
    r"\blevel\"?[=:] ?\"?(?:info|debug|trace|[123]0)\b|"
    r"(?:startup|start-up) failed|^BEGIN failed|\b(?:exiting|shutting down|aborting|cleanup|goodbye|bye)\b",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"\b(?:error|fatal|panic|critical|exception|uncaught)\b|\w+(?:Error|Exception)\b|"
    r"\bnot (?:found|set|allowed|permitted|installed|supported|a valid|provide|exist)|\bno (?:such|module)\b|"
    r"\bcan(?:not|'t|’t)\b|\bcould not\b|\bunable to\b|\bfailed\b|\bdenied\b|\brefused\b|\brequired?s?\b|"
    r"\bmissing\b|\binvalid\b|\bunknown\b|\bmust\b|\bout of memory\b|\bno \w+ was given",
    re.IGNORECASE,
)
_USAGE = re.compile(r"^(?:stdout: )?usage:", re.IGNORECASE)
_BOXED = re.compile(r"^\s*[│┃╭╰┌└┏┗].*[│┃╮╯┐┘┓┛]\s*$")
_BORDER = re.compile(r"^\s*[╭┌┏╰└┗].*[╮┐┓╯┘┛]\s*$")
_LOGGED = re.compile(
    r"^Processing request of type \w+$|"
    r"^(?:\[[^\]]*\] |\S+ )?(?:INFO|DEBUG|TRACE)\b|[-\s](?:INFO|DEBUG)[-\s:]"
)
_WARNED = re.compile(
    r"^\S[^\"]*?:\d+: \w*Warning: |^\w*Warning: Enable tracemalloc|"
    r"^\(node:\d+\) (?:\[\w+\] )?(?:Deprecation|Experimental)Warning: |^\(Use `node --trace-"
)
_SPEAKS_FOR_ITSELF = re.compile(
    r"^(?:[\w.]*(?:Error|Exception)\b|error\b|fatal\b|Traceback\b|Exception )", re.IGNORECASE
)
_CAUTION = re.compile(r"\bWARN(?:ING)?\b|\[warn(?:ing)?\]|\blevel\"?[=:] ?\"?(?:warn|40\b)")
_TURNED_AWAY = re.compile(r"Failed to validate request: \d+ validation errors? for ClientRequest$")
_COMPLAINT = re.compile(
    r"^[A-Z]\w+Request(?:\.\S+)?$|^  .+ \[type=\w+, input_value=|^    For further information visit "
)
_OUR_QUESTION = "input_value='server/discover'"
_NPM = re.compile(r"^npm (?:error|ERR!) ?(.*)")
_NPM_CODE = re.compile(r"^code (\w+)$")
_NPM_ASIDE = re.compile(
    r"^(?:(?:code|syscall|errno|path|dest|signal|command|cwd|at|address|port|type|A complete log|Note that|"
    r"tarball|This is|In most|If you)\b|/|Not Found - )|^\W*$"
)
_NPM_TAG = re.compile(
    r"^(?:\d{3}|network|e?notarget|enoent|eacces|e?notsup|ebadplatform|eresolve|gyp)(?:\s+|$)"
)
_NPM_OF_SCRIPT = re.compile(r"^(?:Lifecycle script|Error: command failed|command failed)")
_JS = re.compile(r"^(?:Uncaught )?[\w.$]*(?:Error|Exception|Rejection)(?: \[\w+\])?: \S")
_JS_CAUSE = re.compile(r"^\s*\[cause\]: (.+?)(?: \{)?$")
_JAVA = re.compile(r"^Exception in thread \"[^\"]*\" (.+)")
_CAUSED_BY = re.compile(r"^\s*Caused by: (.+)")
_RUST = re.compile(r"^thread '.*?' (?:\(\d+\) )?panicked at (?:'(.+)', \S+|\S+:)$")
_ABORTED = re.compile(r"^(?:panic|fatal error|FATAL ERROR): \S")
_PYTHON = re.compile(r"^(?:Exception Group )?Traceback \(most recent call last\)")
_PYTHON_GROUP = re.compile(r"^[\w.]*ExceptionGroup: ")
_LISTED = re.compile(r"^\s+(?:\d+: |cause: |╰─▶ |Caused by: )?(?=\S)")
_REJECTED = re.compile(r"^UnhandledPromiseRejection\b.*rejected with the reason \"(.+)\"\.?$")
REST_LINES, REST_LENGTH = 60, 6000
LINES_READ, LONGEST_LINE, WARNING_LINES = 400, 2000, 3


def clean(output: str) -> list[str]:
    """The last lines that it printed, without colours and without the frames of exception groups."""
    text = _ANSI.sub("", output.replace("\r\n", "\n"))
    # Of a progress bar only what stands there last was ever seen.
    lines = (line.rpartition("\r")[2].rstrip() for line in text.split("\n")[-LINES_READ:])
    return _without_ours([line for line in (_ungroup(line) for line in lines) if line.strip()])


def _without_ours(lines: list[str]) -> list[str]:
    """Without the hundred lines by which Python's SDK 1.x tells that it does not know `server/discover`."""
    kept: list[str] = []
    at = 0
    while at < len(lines):
        end = at + 1
        if _TURNED_AWAY.search(lines[at]):
            end += sum(1 for _ in takewhile(_COMPLAINT.match, lines[at + 1 :]))
        if end == at + 1 or not any(_OUR_QUESTION in line for line in lines[at:end]):
            kept += lines[at:end]
        at = end
    return kept


def _ungroup(line: str) -> str:
    if len(line) > LONGEST_LINE:
        # Data, and no reason; cut in two, a secret in it would not be recognised.
        return f"(a line of {len(line):,} characters)"
    return _GROUP.sub("", line) if line.lstrip().startswith(("|", "+")) else line


def why(output: str) -> str:
    """The line that says why it ended, with the innermost cause; empty where it said nothing of the kind."""
    lines = _without_warnings(clean(output))
    if not lines:
        return ""
    for reader in READERS:
        if found := reader(lines):
            return " ".join(found.split())
    return " ".join((_text(lines) or [""])[-1].split())


def _without_warnings(lines: Lines) -> list[str]:
    """Without what Python and Node.js warn of, whose words and quoted source may look like a reason."""
    kept: list[str] = []
    at = 0
    while at < len(lines):
        warned = _WARNED.search(lines[at])
        at += 1 + (_rest_of_warning(lines[at + 1 :][: WARNING_LINES - 1]) if warned else 0)
        if not warned:
            kept.append(lines[at - 1])
    return kept


def _rest_of_warning(after: Lines) -> int:
    """How many of the lines below it are part of a warning: up to the source that it quotes, if it does."""
    for count, line in enumerate(after, 1):
        if line.startswith("  "):
            return count
        if _SPEAKS_FOR_ITSELF.search(line) or _WARNED.search(line):
            break
    return 0


def _text(lines: Lines) -> list[str]:
    """Lines of text: nothing of a banner, a stack, or a log of what went well."""
    noise = (_BOXED, _FRAME, _LOGGED)
    return [line for line in lines if re.search(r"\w", line) and not any(kind.search(line) for kind in noise)]


def rest(output: str) -> str:
    """The end of what it printed, to be shown below the reason."""
    lines = clean(output)[-REST_LINES:]
    while len(lines) > 1 and sum(map(len, lines)) > REST_LENGTH:
        del lines[0]
    return "\n".join(lines)


def _npm(lines: Lines) -> str:
    """npm's code and the text that goes with it; not where it only reports that a script failed."""
    said = [found[1].rstrip() for line in lines if (found := _NPM.match(line))]
    code = next((found[1] for text in said if (found := _NPM_CODE.match(text))), "")
    texts = [_NPM_TAG.sub("", text).strip() for text in said if not _NPM_ASIDE.match(text)]
    texts = [text for text in texts if text and not _NPM_ASIDE.match(text)]
    if not texts or _NPM_OF_SCRIPT.match(texts[0]):
        return f"npm {code}" if code and not texts else ""
    return f"npm {code}: {texts[0]}" if code else f"npm: {texts[0]}"


def _crash(lines: Lines) -> str:
    """The last crash, read as its runtime prints it."""
    for at in range(len(lines) - 1, -1, -1):
        for read in (_python, _java, _rust, _aborted, _javascript, _listed):
            if found := read(lines, at):
                return found
    return ""


def _python(lines: Lines, at: int) -> str:
    if not _PYTHON.match(lines[at]):
        return ""
    for number, line in enumerate(lines[at + 1 :], at + 1):
        if not line.startswith(" ") and not _PYTHON_GROUP.match(line):
            return _because(line + _details(lines[number + 1 :], line), _direct_cause(lines[:at]))
    return ""


def _details(after: Lines, line: str) -> str:
    """What a validation error lists below its head: which field, and what is wrong with it."""
    if not line.rstrip().endswith(":") and "validation error" not in line:
        return ""
    said = [text.strip() for text in after[:2] if not _CHATTER.search(text.strip())]
    return f": {' '.join(said)}" if said else ""


def _direct_cause(before: Lines) -> str:
    if not before or not before[-1].startswith("The above exception was the direct cause"):
        return ""
    return next((line for line in reversed(before[:-1]) if not line.startswith(" ")), "")


def _java(lines: Lines, at: int) -> str:
    found = _JAVA.match(lines[at])
    return _because(found[1], _innermost(lines[at + 1 :])) if found else ""


def _innermost(after: Lines) -> str:
    causes = [found[1] for line in after if (found := _CAUSED_BY.match(line) or _JS_CAUSE.match(line))]
    return causes[-1] if causes else ""


def _rust(lines: Lines, at: int) -> str:
    found = _RUST.match(lines[at])
    if not found:
        return ""
    return f"panicked: {found[1] or ' '.join(lines[at + 1 : at + 2])}"


def _aborted(lines: Lines, at: int) -> str:
    return lines[at] if _ABORTED.match(lines[at]) else ""


def _javascript(lines: Lines, at: int) -> str:
    """An error followed by its stack."""
    if found := _REJECTED.match(lines[at]):
        return f"unhandled promise rejection: {found[1]}"
    near = lines[at + 1 : at + 12]
    if not _JS.match(lines[at]) or not any(line.lstrip().startswith("at ") for line in near):
        return ""
    return _because(lines[at].removesuffix(" {"), _innermost(lines[at + 1 :]))


def _listed(lines: Lines, at: int) -> str:
    """An error with its causes in a list below it, as Rust's programs print it, uv among them."""
    if not re.match(r"^(?:Error|error): \S", lines[at]):
        return ""
    below: list[str] = []
    for line in lines[at + 1 :]:
        if line.strip() == "Caused by:":
            continue
        if not _LISTED.match(line) or (_FRAME.match(line) and not re.match(r"^\s+\d+: [^0]", line)):
            break
        below.append(_LISTED.sub("", line))
    causes = _innermost(lines[at + 1 :])
    return _because(lines[at], causes or (below[-1] if below else "")) if below or causes else ""


def _because(head: str, cause: str) -> str:
    return f"{head} (caused by: {cause.strip()})" if cause and cause.strip() not in head else head


def _marked(lines: Lines) -> str:
    """The last line that speaks of an error and is not mere chatter; of a box what stands in it.

    One that was logged as a warning counts where no other does.
    """
    inside = [line.strip("│┃") for line in lines if not _BORDER.match(line)]
    telling = [line for line in inside if not _FRAME.match(line) and not _CHATTER.search(line.strip())]
    return _last_marked([line for line in telling if not _CAUTION.search(line)]) or _last_marked(telling)


def _last_marked(telling: Lines) -> str:
    strong = [line for line in telling if re.search(r"error|fatal|critical", line, re.IGNORECASE)]
    marked = [line for line in strong or telling if _MARKED.search(line)]
    return marked[-1] if marked else ""


def _usage(lines: Lines) -> str:
    """How it wants to be called, which it says when called otherwise."""
    return next((line for line in lines if _USAGE.match(line)), "")


def _last(lines: Lines) -> str:
    telling = [line for line in _text(lines) if not _CHATTER.search(line.strip())]
    return telling[-1] if telling else ""


READERS: tuple[Callable[[Lines], str], ...] = (_npm, _crash, _marked, _usage, _last)
